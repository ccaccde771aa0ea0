from django.db import migrations, models


class Migration(migrations.Migration):
    """What is ticked in a preview is kept with it, however many pages its list has."""

    dependencies = [("invoices", "0018_long_edits")]

    operations = [
        migrations.AddField(
            model_name="operation", name="ticked", field=models.BooleanField(default=False)
        ),
    ]
