# The web server, the worker and beat are this one image with another command each.
FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# pip stays outside: what runs needs none.
RUN python -m venv --without-pip /opt/venv
COPY requirements.txt /tmp/requirements.txt
RUN python -m pip --python /opt/venv install --require-hashes --only-binary :all: -r /tmp/requirements.txt

FROM python:3.11-slim
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin linebridge \
    && install -d -o linebridge -g linebridge /var/lib/linebridge
WORKDIR /app
COPY --from=build /opt/venv /opt/venv
COPY . .
# The base image comes without bytecode, and the file system is read-only later: every start, and
# every health check, would compile it all again.
RUN python -m compileall -q -x site-packages /usr/local/lib/python3.11 .
# Settings refuse to load without these; collecting files uses none of them, and none is kept.
RUN SECRET_KEY=only-while-the-image-is-built-0123456789-abcdefghijklmn \
    FIELD_ENCRYPTION_KEY=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= \
    DATABASE_URL=postgres://nobody@localhost/none REDIS_URL=redis://localhost:6379/0 \
    python manage.py collectstatic --noinput
USER linebridge
EXPOSE 8000
# A connection is kept for longer than a proxy keeps an idle one (nginx: 60 s): where gunicorn, after its own 2 s,
# closes one that a request is just being sent on, that request is lost, and a proxy answers 502.
CMD ["gunicorn", "integration.wsgi", "--bind", "0.0.0.0:8000", "--workers", "3", "--threads", "4", "--keep-alive", "75", "--worker-tmp-dir", "/dev/shm", "--no-control-socket", "--access-logfile", "-"]
