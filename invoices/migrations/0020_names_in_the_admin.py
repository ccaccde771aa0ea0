from django.db import migrations


class Migration(migrations.Migration):
    """What Django admin calls rules and names; nothing changes in the database."""

    dependencies = [("invoices", "0019_ticked_ends")]

    operations = [
        migrations.AlterModelOptions(
            name="chargedaterule", options={"verbose_name": "charge-date rule"}
        ),
        migrations.AlterModelOptions(
            name="chargetypename", options={"verbose_name": "charge-type display name"}
        ),
    ]
