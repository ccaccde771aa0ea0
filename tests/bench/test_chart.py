"""The chart of growth: every work has its line and its name, where the figures say."""

from xml.etree import ElementTree

from bench import chart
from bench.report import Row

SVG = "{http://www.w3.org/2000/svg}"
FLAT = {1_000: 0.05, 10_000: 0.05, 100_000: 0.05}
STEEP = {1_000: 0.1, 10_000: 1.0, 100_000: 10.0}


def rows() -> list[Row]:
    return [
        Row(what=f"{what}: {lines:,} lines a month", ours=seconds, unit="s")
        for what, figures in (("a page", FLAT), ("a load & more", STEEP))
        for lines, seconds in figures.items()
    ]


def test_flat_lies_flat_and_what_is_in_proportion_rises_evenly() -> None:
    picture = ElementTree.fromstring(chart.svg(rows()))
    lines = picture.findall(f"{SVG}polyline")
    places = {
        line.attrib["stroke"]: [
            tuple(map(float, point.split(","))) for point in line.attrib["points"].split()
        ]
        for line in lines
    }
    flat, steep = places[chart.COLORS[0]], places[chart.COLORS[1]]
    assert flat[0][1] == flat[1][1] == flat[2][1]
    assert round(steep[0][1] - steep[1][1], 1) == round(steep[1][1] - steep[2][1], 1) > 0
    assert [x for x, _ in flat] == [x for x, _ in steep]


def test_each_work_is_named_and_no_two_names_cover_each_other() -> None:
    picture = ElementTree.fromstring(chart.svg(rows()))
    texts = {one.text: float(one.attrib["y"]) for one in picture.findall(f"{SVG}text")}
    assert {"a page", "a load & more", "10,000", "lines a month"} <= set(texts)
    assert abs(texts["a page"] - texts["a load & more"]) >= chart.APART
