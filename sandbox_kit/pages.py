"""The stand-ins' own HTML: one plain page each, no script, no outside resource, everything escaped."""

from collections.abc import Iterable
from html import escape
from typing import Any

from sandbox_kit.http import Response

STYLE = """
:root{color-scheme:light dark;font:14px/1.45 system-ui,sans-serif}
body{margin:0 auto;max-width:1500px;padding:1rem 1.5rem}
h1{font-size:1.3rem;margin:.2rem 0}h2{font-size:1.05rem;margin:1.4rem 0 .4rem}
p{margin:.3rem 0}.note{opacity:.75}
table{border-collapse:collapse;min-width:100%;font-size:13px;font-variant-numeric:tabular-nums}
th,td{padding:.25rem .5rem;border-bottom:1px solid #8884;text-align:left;white-space:nowrap;
max-width:24rem;overflow:hidden;text-overflow:ellipsis}
th{position:sticky;top:0;background:Canvas}td.n,th.n{text-align:right}
.scroll{overflow:auto;max-height:70vh;border:1px solid #8884;border-radius:6px}
fieldset{border:1px solid #8884;border-radius:6px;margin:.5rem 0;padding:.6rem .8rem}
.dial{display:grid;grid-template-columns:repeat(auto-fill,minmax(13rem,1fr));gap:.5rem 1rem}
.dial label{display:flex;flex-direction:column;justify-content:flex-end;font-size:12px}
.totals{max-width:36rem;margin:.4rem 0}
input{font:inherit;padding:.2rem .35rem}button{font:inherit;padding:.3rem .8rem;cursor:pointer}
form.line{display:inline-flex;gap:.5rem;margin:.4rem .6rem .4rem 0}
"""

LABELS = {
    "latency_ms": "Latency, ms",
    "share_429": "Share of 429 (0–1)",
    "retry_after_seconds": "Retry-After, s",
    "share_5xx_before": "Share of 5xx, nothing written",
    "share_5xx_after": "Share of 5xx after writing",
    "share_lost_reply": "Share of lost replies (written)",
    "share_late_write": "Share of late writes",
    "late_write_seconds": "Late writes land after, s",
    "hang_seconds": "Lost reply hangs for, s",
    "share_drop": "Share of dropped connections",
    "search_lag_seconds": "Search lag, s",
    "rate_limit_per_minute": "Requests per minute (0 = any)",
    "store_price_places": "Prices stored at places",
    "seed": "Seed",
    "script": "Next writes, e.g. lost_reply ok 503_after_write",
    "read_script": "Next reads, e.g. 429 ok truncated",
    "denied": "Rights taken away, e.g. additions:add",
}


def dial_form(settings: dict[str, Any]) -> str:
    """One field a setting, and the buttons that take faults away or hasten them."""
    inputs = "".join(
        f'<label>{escape(LABELS.get(name, name))}<input name="{name}" value="{_shown(value)}"></label>'
        for name, value in settings.items()
    )
    return (
        "<h2>Fault dial</h2>"
        '<form method="post" action="/_sandbox/faults"><fieldset class="dial">'
        f"{inputs}</fieldset><button>Set the dial</button></form> "
        '<form class="line" method="post" action="/_sandbox/faults">'
        '<button name="reset" value="1">All faults off</button></form>'
        '<form class="line" method="post" action="/_sandbox/land"><button>Land late writes now</button></form>'
    )


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return escape(" ".join(value) if isinstance(value, list) else str(value))


def table(heads: Iterable[str], rows: Iterable[Iterable[Any]], numbers: Iterable[int] = ()) -> str:
    """An escaped table; `numbers` are the columns set to the right."""
    right = set(numbers)

    def cells(tag: str, values: Iterable[Any]) -> str:
        marked = (
            f"<{tag}{' class=n' if i in right else ''}>{_shown(v)}</{tag}>"
            for i, v in enumerate(values)
        )
        return "<tr>" + "".join(marked) + "</tr>"

    body = "".join(cells("td", row) for row in rows)
    return f'<div class="scroll" tabindex="0"><table>{cells("th", heads)}{body}</table></div>'


def search_form(query: str, hint: str) -> str:
    """A box that narrows the page's table."""
    return (
        '<form class="line" method="get" action="/">'
        f'<input name="q" size="40" value="{escape(query)}" placeholder="{escape(hint)}" '
        'aria-label="Search"><button>Search</button></form>'
    )


def html_page(title: str, *parts: str) -> Response:
    """A whole page. Its policy allows no script: records may hold hostile text, on purpose."""
    page = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head><body><h1>{escape(title)}</h1>{''.join(parts)}</body></html>"
    )
    headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
               "form-action 'self'"}  # fmt: skip
    return Response(200, page.encode(), "text/html; charset=utf-8", headers)
