"""Starts Linebridge on one computer with nothing but Python: servers, demo, tests, lint.

Standard library only, because it runs before anything is installed. Nothing else imports it but
`manage.py`'s start and the tests.
"""
