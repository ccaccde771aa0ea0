"""What gunicorn serves."""

from django.core.wsgi import get_wsgi_application

from integration.startup import plainly

with plainly():
    application = get_wsgi_application()
