"""What gunicorn serves."""

from django.core.wsgi import get_wsgi_application

from integration.startup import freeze_what_stays, plainly

with plainly():
    application = get_wsgi_application()
    freeze_what_stays()
