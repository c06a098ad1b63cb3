"""Bars: where they stand and how high they are."""

from representations.html.charts import bar_chart


def test_the_largest_value_fills_the_height_and_others_their_share():
    chart = bar_chart([("a", 1000), ("b", 500), ("c", 0)])
    assert [bar.height for bar in chart.bars] == [144, 72, 0]
    assert [bar.y for bar in chart.bars] == [12, 84, 156]
    assert chart.top == "1,000"
    assert chart.base == 156


def test_bars_stand_side_by_side_with_a_gap():
    chart = bar_chart([("a", 1), ("b", 1)])
    assert [(bar.x, bar.width) for bar in chart.bars] == [(74, 272), (414, 272)]


def test_a_bar_says_its_number():
    [bar] = bar_chart([("2026-12-01", 1234)]).bars
    assert bar.title == "2026-12-01: 1,234"
    assert bar.label == "2026-12-01"


def test_at_most_eight_bars_have_a_label():
    for count in (8, 9, 16, 17, 30):
        chart = bar_chart([(str(n), 1) for n in range(count)])
        labels = [bar.label for bar in chart.bars if bar.label]
        assert 4 <= len(labels) <= 8, count
        assert labels[0] == "0"


def test_a_chart_of_nothing_has_no_bars():
    assert bar_chart([]).bars == []
    assert [bar.height for bar in bar_chart([("a", 0)]).bars] == [0]
    assert bar_chart([("a", 0)]).top == "1"
