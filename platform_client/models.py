"""Where the Platform is and who we are there; what is saved here wins over the environment."""

from django.db import models

from wire.fields import EncryptedTextField


class PlatformSettings(models.Model):
    """The one row of connection settings."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    api_url = models.URLField("API URL", max_length=255, blank=True)
    api_key = EncryptedTextField("API key", blank=True, default="")
    # Who we are there, as /ping said: part of every posting's key, so kept once known.
    seller_id = models.CharField(max_length=64, blank=True, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = verbose_name_plural = "Platform settings"
        constraints = (
            models.CheckConstraint(condition=models.Q(id=1), name="platform_settings_single"),
        )

    def __str__(self) -> str:
        return "Platform settings"

    @classmethod
    def load(cls) -> "PlatformSettings":
        """The row, made empty where there is none yet."""
        return cls.objects.get_or_create(id=1)[0]
