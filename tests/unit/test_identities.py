"""Identities between figures: which hold, which break, and what the senders are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from expectations.findings import counted_only
from expectations.identities import (
    BROKEN,
    FOLDER,
    HOLDS,
    NOT_EVALUABLE,
    Figure,
    Identity,
    IdentityError,
    Selector,
    compare,
    derived_identities,
    evaluate,
    identity_findings,
    is_by_rounding,
    read_identities,
)
from expectations.interval import Interval, printed
from ingest import reference


def figure(period: str, value: float, step: float = 0.0, **changes: object) -> Figure:
    """A stated figure of one indicator; `changes` replace its other fields."""
    text = f"{value:g}".replace(".", ",")
    plain = Figure(
        fact_key=f"fct_indicator/{period}/{value}",
        table="fct_indicator",
        indicator="acacia_area",
        indicator_name="Diện tích keo",
        unit="20",
        period=period,
        base=None,
        measure="level",
        statement=1,
        document=None,
        value=value,
        step=step,
        comparator="=",
        upper=None,
        value_text=text,
        unit_vi="ha",
        measure_vi="Mức",
        submission_no=1,
        cell_ref="LS-01!J11",
    )
    return plain._replace(**changes)  # type: ignore[arg-type]


def growth(period: str, base: str, value: float, step: float = 0.1, **changes: object) -> Figure:
    more = {"measure": "growth", "base": base, "unit_vi": "%", "cell_ref": "LS-01!J12",
            "measure_vi": "Tăng trưởng so với kỳ gốc"}  # fmt: skip
    return figure(period, value, step, **(more | changes))


def outcomes(*figures: Figure) -> dict[str, str]:
    return {o.identity.code: o.outcome for o in evaluate(derived_identities(figures), figures)}


# --- declared -----------------------------------------------------------------------------------


def test_declared_identities_load_and_are_many() -> None:
    identities = read_identities()
    assert len(identities) >= 50
    assert len({identity.code for identity in identities}) == len(identities)
    assert all(identity.says.strip().endswith(".") for identity in identities)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yml")), ids=lambda path: path.stem)
def test_declared_identities_name_known_indicators_units_measures_and_periods(path: Path) -> None:
    from ingest.period import period_of

    measures = set(reference.vocabulary("measure")) | {
        "estimate_assigned", "projected", "estimate_council",
    }  # fmt: skip
    codes = {identity.code for identity in read_identities(path.parent)}
    assert codes
    for identity in read_identities(path.parent):
        for selector in identity.where.values():
            assert isinstance(selector, Selector)
            assert selector.indicator in reference.coded_list("indicator"), identity.code
            assert selector.unit in reference.reporting_units(), identity.code
            assert selector.measure in measures, identity.code
            assert period_of(selector.period)
            assert selector.base is None or period_of(selector.base)


@pytest.mark.parametrize("identity", read_identities(), ids=lambda identity: identity.code)
def test_declared_identity_can_be_evaluated(identity: Identity) -> None:
    outcome, _ = compare(identity.holds, {name: printed(7, 1) for name in identity.where})
    assert outcome in (HOLDS, BROKEN, NOT_EVALUABLE)


ENTRY = """\
- identity: tong
  says: "Tổng bằng các phần."
  where:
    total: {indicator: acacia_area, period: "2025"}
    part: {indicator: acacia_area, period: "2024"}
  holds: "total = part"
"""


def refused(folder: Path, text: str) -> str:
    (folder / "thu.yml").write_text(text, encoding="utf-8")
    with pytest.raises(IdentityError) as error:
        read_identities(folder)
    return str(error.value)


def test_name_that_is_only_in_the_expression_is_refused(tmp_path: Path) -> None:
    message = refused(tmp_path, ENTRY.replace("total = part", "total = part + rest"))
    assert message == "thu.yml: tong: names only on one side: rest"


def test_name_that_is_never_used_is_refused(tmp_path: Path) -> None:
    message = refused(tmp_path, ENTRY.replace("total = part", "total = 5"))
    assert message == "thu.yml: tong: names only on one side: part"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('  says: "Tổng bằng các phần."\n', "", "'says'"),
        ("indicator: acacia_area, period", "indicatr: acacia_area, period", "indicatr"),
        ("total = part", "total < part", "needs one of =, <=, >="),
        ("total = part", "total == part", "invalid syntax"),
        ("total = part", "total = part +", "invalid syntax"),
    ],
)
def test_entry_that_cannot_be_used_is_refused_with_file_and_name(
    tmp_path: Path, old: str, new: str, reason: str
) -> None:
    message = refused(tmp_path, ENTRY.replace(old, new, 1))
    assert message.startswith("thu.yml: tong: ")
    assert reason in message


def test_identity_declared_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(ENTRY, encoding="utf-8")
    assert refused(tmp_path, ENTRY) == "thu.yml: tong: declared twice"


# --- the language of expressions ----------------------------------------------------------------

FORBIDDEN = [
    "__import__('os').system('true')",
    "eval('1')",
    "a.__class__",
    "a[0]",
    "[a, a]",
    "lambda: a",
    "a if a else a",
    "a ** 2",
    "a // 2",
    "'text'",
    "None",
    "mean(*[a])",
    "power(base=a, exponent=2)",
]


@pytest.mark.parametrize("expression", FORBIDDEN)
def test_expression_can_do_nothing_but_arithmetic(expression: str) -> None:
    with pytest.raises(ValueError, match="not allowed in an identity"):
        compare(f"a = {expression}", {"a": Interval.exactly(1)})


@pytest.mark.parametrize("function", ["__import__", "sqrt", "abs"])
def test_unknown_function_is_refused_when_the_identity_is_read(
    tmp_path: Path, function: str
) -> None:
    refused(tmp_path, ENTRY.replace("total = part", f"total = {function}(part)"))


@pytest.mark.parametrize(
    ("expression", "outcome"),
    [
        ("a + b = 3", HOLDS),
        ("a - b = 1", BROKEN),
        ("b - a = 1", HOLDS),
        ("-a = -1", HOLDS),
        ("a * b / 2 = a", HOLDS),
        ("a <= b", HOLDS),
        ("b <= a", BROKEN),
        ("b >= a", HOLDS),
        ("a >= b", BROKEN),
        ("a <= 1", HOLDS),
        ("mean(a, b) = 1.5", HOLDS),
        ("minimum(a, b) = a", HOLDS),
        ("maximum(a, b) = a", BROKEN),
        ("power(b, 3) = 8", HOLDS),
        ("power(b, 3) = 9", BROKEN),
        ("a / (b - 2) = 1", NOT_EVALUABLE),
        ("whole_share(50 * a, b) = 0", HOLDS),
    ],
)
def test_exact_numbers_are_compared(expression: str, outcome: str) -> None:
    values = {"a": Interval.exactly(1), "b": Interval.exactly(2)}
    assert compare(expression, values)[0] == outcome


def test_decimal_digits_that_binary_cannot_hold_add_up() -> None:
    values = {"a": Interval.exactly(0.1), "b": Interval.exactly(0.2), "c": Interval.exactly(0.3)}
    assert compare("a + b = c", values)[0] == HOLDS


def test_open_side_of_a_comparator_breaks_nothing_that_may_be_true() -> None:
    values = {"a": printed(95, 1, ">"), "b": printed(100, 1)}
    assert compare("a = b", values)[0] == HOLDS
    assert compare("b <= a", values)[0] == HOLDS
    assert compare("a <= 90", values)[0] == BROKEN


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("a = power(1 + b / 100, 5)", {"a": printed(2, 0.1), "b": printed(-150, 0.1)}),
        ("a = (power(b / 2, 0.2) - 1) * 100", {"a": printed(5, 0.1), "b": printed(-4, 0.1)}),
        ("a = power(b, 20)", {"a": printed(2, 0.1), "b": printed(1e24, 1)}),
    ],
)
def test_figures_without_a_real_power_are_not_evaluable(
    expression: str, values: dict[str, Interval]
) -> None:
    assert compare(expression, values)[0] == NOT_EVALUABLE


# --- derived ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stated", "outcome"), [(10.0, HOLDS), (10.1, BROKEN), (9.9, BROKEN), (-10.0, BROKEN)]
)
def test_growth_must_fit_both_levels(stated: float, outcome: str) -> None:
    found = outcomes(figure("2024", 200), figure("2025", 220), growth("2025", "2024", stated))
    assert found == {"growth_of_acacia_area_2025_2024_1": outcome}


def test_growth_between_rounded_levels_has_their_room() -> None:
    levels = figure("2024", 2.0, 0.1), figure("2025", 2.2, 0.1)
    assert set(outcomes(*levels, growth("2025", "2024", 14.0)).values()) == {HOLDS}
    assert set(outcomes(*levels, growth("2025", "2024", 16.0)).values()) == {BROKEN}


@pytest.mark.parametrize(
    ("measure", "right", "wrong"), [("change", 20.0, 21.0), ("multiple", 1.1, 1.2)]
)
def test_change_and_multiple_must_fit_both_levels(measure: str, right: float, wrong: float) -> None:
    for value, outcome in ((right, HOLDS), (wrong, BROKEN)):
        stated = growth("2025", "2024", value, 0.01, measure=measure)
        found = outcomes(figure("2024", 200), figure("2025", 220), stated)
        assert found == {f"{measure}_of_acacia_area_2025_2024_1": outcome}


def test_average_growth_must_fit_first_and_last_level() -> None:
    levels = figure("2020", 100), figure("2025", 161.051)
    for value, outcome in ((10.0, HOLDS), (9.8, BROKEN)):
        stated = figure("2021..2025", value, 0.1, measure="average_growth")
        assert outcomes(*levels, stated) == {"average_growth_of_acacia_area_2021..2025_1": outcome}


def test_average_change_must_fit_first_and_last_level() -> None:
    levels = figure("2020", 60), figure("2025", 70)
    for value, outcome in ((2.0, HOLDS), (2.2, BROKEN)):
        stated = figure("2021..2025", value, 0.1, measure="average_change")
        assert outcomes(*levels, stated) == {"average_change_of_acacia_area_2021..2025_1": outcome}


def test_average_growth_must_fit_the_growth_of_every_year() -> None:
    years = [growth(str(y), str(y - 1), 5.0) for y in range(2021, 2026)]
    for value, outcome in ((5.0, HOLDS), (5.3, BROKEN)):
        stated = figure("2021..2025", value, 0.1, measure="average_growth")
        found = outcomes(*years, stated)
        assert found == {"compound_average_growth_of_acacia_area_2021..2025_1": outcome}
    assert outcomes(*years[1:], figure("2021..2025", 9, 1, measure="average_growth")) == {}


def test_multiple_must_fit_the_average_growth() -> None:
    for value, outcome in ((1.61, HOLDS), (1.8, BROKEN)):
        multiple = growth("2025", "2020", value, 0.01, measure="multiple")
        stated = figure("2021..2025", 10.0, 0.1, measure="average_growth")
        found = outcomes(multiple, stated)
        assert found == {"multiple_average_growth_of_acacia_area_2021..2025_1": outcome}


def test_level_of_a_span_must_be_the_sum_of_its_years() -> None:
    years = [figure(str(year), 10) for year in range(2021, 2026)]
    for value, outcome in ((50, HOLDS), (51, BROKEN)):
        found = outcomes(*years, figure("2021..2025", value))
        assert found == {"sum_level_of_acacia_area_2021..2025_1": outcome}
    assert outcomes(*years[1:], figure("2021..2025", 99)) == {}


def test_figure_stated_twice_must_agree() -> None:
    for value, outcome in ((220, HOLDS), (221, BROKEN)):
        found = outcomes(figure("2025", 220), figure("2025", value, statement=2))
        assert found == {"same_acacia_area_level_2025_2": outcome}


def test_figure_stated_twice_with_fewer_digits_agrees() -> None:
    found = outcomes(figure("2025", 7.7, 0.1), figure("2025", 7.71, 0.01, statement=2))
    assert set(found.values()) == {HOLDS}


def test_figures_of_other_units_and_those_not_comparable_are_not_compared() -> None:
    assert outcomes(figure("2025", 220), figure("2025", 5, unit="06463")) == {}
    target = figure("2025", 9, document="NQ67-2025", is_comparable=False)
    assert outcomes(figure("2025", 220), target) == {}
    assert outcomes(figure("2024", 1), figure("2025", 2, unit="VN"),
                    growth("2025", "2024", 10)) == {}  # fmt: skip


def test_declared_identity_without_its_figures_is_not_evaluable() -> None:
    identity = Identity(
        "tong", "Tổng bằng các phần.",
        {"total": Selector("acacia_area", "2025"), "part": Selector("acacia_area", "2024")},
        "total = part",
    )  # fmt: skip
    [outcome] = evaluate([identity], [figure("2025", 5)])
    assert (outcome.outcome, outcome.residual) == (NOT_EVALUABLE, None)
    assert list(identity_findings([outcome])) == []


# --- what the senders read ----------------------------------------------------------------------


def test_identity_that_holds_makes_no_finding() -> None:
    figures = [figure("2024", 200), figure("2025", 220), growth("2025", "2024", 10.0)]
    assert list(identity_findings(evaluate(derived_identities(figures), figures))) == []


def test_identity_that_holds_only_by_rounding_is_said_for_information() -> None:
    figures = [
        figure("2024", 2.0, 0.1, cell_ref="LS-01!J11"),
        figure("2025", 2.2, 0.1, cell_ref="LS-01!J12"),
        growth("2025", "2024", 14.0, cell_ref="LS-01!J13"),
    ]
    [finding] = identity_findings(evaluate(derived_identities(figures), figures))
    assert (finding.rule, finding.severity, finding.cell_ref) == (
        "identity_rounded", "info", "LS-01!J13"
    )  # fmt: skip
    assert finding.message == (
        "Ô J13: Mức tăng (%) của “Diện tích keo” phải khớp với giá trị hai kỳ. Số đã ghi:"
        " J13 Diện tích keo, tăng trưởng so với kỳ gốc (2025) = 14 %;"
        " J12 Diện tích keo (2025) = 2,2 ha; J11 Diện tích keo (2024) = 2 ha."
        " Chênh lệch trong phạm vi làm tròn."
    )
    assert "identity_rounded" in counted_only()
    as_printed = [*figures[:2], growth("2025", "2024", 10.0)]
    assert list(identity_findings(evaluate(derived_identities(as_printed), as_printed))) == []


@pytest.mark.parametrize(
    ("expression", "differs"),
    [("a = b + c", True), ("b + c = a", True), ("a <= b + c", False),
     ("b + c - a = 0", True), ("b + c = a + d", False), ("a = e", False)],
)  # fmt: skip
def test_what_differs_as_printed(expression: str, differs: bool) -> None:
    values = {
        name: (printed(value, step), value)
        for name, value, step in (
            ("a", 10.3, 0.1), ("b", 5.1, 0.1), ("c", 5.1, 0.1), ("d", 0.0, 0.1), ("e", 10.30001, 0)
        )
    }  # fmt: skip
    assert is_by_rounding(expression, values) is differs


def test_broken_identity_names_every_cell_of_its_one_submission() -> None:
    figures = [
        figure("2024", 200, cell_ref="LS-01!J11"),
        figure("2025", 220, cell_ref="LS-01!J12"),
        growth("2025", "2024", 12.0, cell_ref="LS-01!J13"),
    ]
    [finding] = identity_findings(evaluate(derived_identities(figures), figures))
    assert finding.message == (
        "Ô J13: Mức tăng (%) của “Diện tích keo” phải khớp với giá trị hai kỳ. Số đã ghi:"
        " J13 Diện tích keo, tăng trưởng so với kỳ gốc (2025) = 12 %;"
        " J12 Diện tích keo (2025) = 220 ha; J11 Diện tích keo (2024) = 200 ha."
        " Chênh lệch ít nhất 1,95, không giải thích được bằng làm tròn."
    )
    assert finding.cell_ref == "LS-01!J13"
    assert finding.cells == ("LS-01!J13", "LS-01!J12", "LS-01!J11")
    assert (finding.rule, finding.severity, finding.value) == ("identity_broken", "warning", "12")
    assert finding.expected == "Mức tăng (%) của “Diện tích keo” phải khớp với giá trị hai kỳ."
    assert finding.fix == "Đề nghị rà soát J13, J12, J11 và giải trình."


def test_broken_identity_is_said_to_every_sender_at_its_own_cell() -> None:
    figures = [
        figure("2024", 200, submission_no=3, cell_ref="LS-01!J20"),
        figure("2025", 220, submission_no=5, cell_ref="Trang 2!J7"),
        growth("2025", "2024", 12.0, submission_no=3, cell_ref="LS-01!J21"),
    ]
    found = list(identity_findings(evaluate(derived_identities(figures), figures)))
    assert [(f.submission_no, f.cell_ref, f.cells) for f in found] == [
        (3, "LS-01!J21", ("LS-01!J21", "LS-01!J20")),
        (5, "Trang 2!J7", ("Trang 2!J7",)),
    ]
    # an address means nothing in the other sender's file
    for finding, own in zip(found, ("J21", "J7"), strict=True):
        stated = finding.message.split("Số đã ghi: ")[1]
        assert "J2" not in stated and "J7" not in stated
        assert finding.message.startswith(f"Ô {own}: ")


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("20254000", "20.254.000"),
        ("-1275,10", "-1.275,10"),
        ("68.848,9", "68.848,9"),
        ("1275.1", "1275.1"),
        ("0123", "0123"),
        ("2.020 - 2.025", "2.020 - 2.025"),
    ],
)
def test_number_of_a_cell_is_said_with_dots_between_thousands(typed: str, shown: str) -> None:
    one = figure("2025", 1.0, value_text=typed, measure_vi="Dự toán HĐND quyết định",
                 measure="estimate_council")  # fmt: skip
    other = figure("2025", 2.0, value_text=typed, statement=2, fact_key="other",
                   measure="estimate_council")  # fmt: skip
    [finding] = identity_findings(evaluate(list(derived_identities([one, other])), [one, other]))
    assert finding.value == shown
    assert f", dự toán HĐND quyết định (2025) = {shown}" in finding.message


def test_difference_of_large_amounts_is_said_in_billions() -> None:
    figures = [
        figure("2025", 25_698e12, measure="level", unit_vi="nghìn tỷ đồng"),
        figure("2025", 1_817e12, statement=2, fact_key="other", unit_vi="nghìn tỷ đồng"),
    ]
    [finding] = identity_findings(evaluate(list(derived_identities(figures)), figures))
    assert "Chênh lệch ít nhất 23.880.000 tỷ, không giải thích được" in finding.message
