"""The image's last build step: collecting files fails where a style or script names a missing one."""

import json
from pathlib import Path

from django.core.management import call_command
from pytest_django import Settings

STORAGE = "whitenoise.storage.CompressedManifestStaticFilesStorage"


def test_every_static_file_is_collected_under_a_name_of_its_content(
    settings: Settings, tmp_path: Path
) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": STORAGE}}
    call_command("collectstatic", interactive=False, verbosity=0)
    manifest = json.loads((tmp_path / "staticfiles.json").read_text())["paths"]
    assert [name for name in manifest if name.startswith("django_htmx/") and name.endswith(".js")]
    assert all((tmp_path / hashed).exists() for hashed in manifest.values())
