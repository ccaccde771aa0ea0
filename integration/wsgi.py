"""What gunicorn serves."""

import gc
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from integration.startup import plainly

with plainly():
    application = get_wsgi_application()
    # All views now rather than with the first request.
    import_module(settings.ROOT_URLCONF)
    # What stays as long as the process is not looked through for garbage again: that held up
    # a request, now and then, for 80 ms.
    gc.collect()
    gc.freeze()
