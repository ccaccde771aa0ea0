from django.db import migrations, models


class Migration(migrations.Migration):
    """Runs that are over are counted by the next sweep."""

    dependencies = [("invoices", "0015_lighter_loads")]

    operations = [
        migrations.AddField(
            model_name="syncrun", name="outcomes", field=models.JSONField(null=True)
        ),
    ]
