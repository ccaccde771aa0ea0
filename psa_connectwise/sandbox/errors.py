"""ConnectWise's answers to what it refuses, in its own shapes and words."""

from typing import Any

from sandbox_kit import exact_json
from sandbox_kit.http import Response


class ApiError(Exception):
    """Becomes an answer with this status and body; `errors` None is left as null."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str | None,
        errors: list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.errors = status, code, message, errors
        self.headers: dict[str, str] = {}

    def response(self) -> Response:
        """The body as ConnectWise words it; refusals of access carry no list of errors."""
        body = {"code": self.code, "message": self.message, "errors": self.errors}
        if self.status in (401, 403):
            del body["errors"]
        return Response(self.status, exact_json.dump_bytes(body), headers=self.headers)


def unauthorized() -> ApiError:
    """401: the keys are wrong."""
    return ApiError(401, "Unauthorized", None)


def forbidden() -> ApiError:
    """403: the keys are right, their role lacks the permission."""
    return ApiError(403, "Security", "You do not have security permission to perform this action.")


def not_found(name: str, identifier: object) -> ApiError:
    """404 for a record."""
    return ApiError(404, "NotFound", f"{name} {identifier} not found")


def bad_request(message: str) -> ApiError:
    """400 for a request that isn't about one field."""
    return ApiError(400, "ConnectWiseApi", message)


def wrong_method(method: str, allowed: list[str]) -> ApiError:
    """405, with the methods that would do."""
    error = ApiError(
        405, "ConnectWiseApi", f"The requested resource does not support http method '{method}'."
    )
    error.headers["Allow"] = ", ".join(allowed)
    return error


def wrong_media(media: str) -> ApiError:
    """415 for a body that isn't JSON."""
    return ApiError(
        415,
        "ConnectWiseApi",
        f"The request entity's media type '{media}' is not supported for this resource.",
    )


class Findings:
    """Collects what is wrong with one object, since ConnectWise names several faults at once."""

    def __init__(self, resource: str) -> None:
        self.resource = resource
        self.errors: list[dict[str, Any]] = []

    def add(self, code: str | None, message: str, field: str | None) -> None:
        """One more fault; `field` is None where it concerns the whole object."""
        self.errors.append(
            {"code": code, "message": message, "resource": self.resource, "field": field}
        )

    def missing(self, field: str) -> None:
        """A field that must be there."""
        self.add("MissingRequiredField", f"{field} is required.", field)

    def refuse(self) -> None:
        """Raise if anything was found."""
        if self.errors:
            message = f"{self.resource} object is invalid"
            raise ApiError(400, "InvalidObject", message, self.errors)


def throttled(seconds: int) -> Response:
    """The one body whose key is `error`, not `code`."""
    body = {
        "error": "ConnectWiseAPI",
        "message": f"Too many requests. Please try again in {seconds} seconds.",
    }
    headers = {"Retry-After": str(seconds)}
    return Response(429, exact_json.dump_bytes(body), headers=headers)


def broken(status: int) -> Response:
    """A gateway's page, an empty body, or the API's own 500."""
    if status in (502, 503):
        page = f"<html><head><title>{status}</title></head><body>Service Unavailable</body></html>"
        return Response(status, page.encode(), "text/html")
    if status == 504:
        return Response(504)
    return ApiError(status, "ConnectWiseApi", "An error has occurred.").response()
