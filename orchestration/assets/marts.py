"""Stage 4: identities and rules between forms on the facts, and the blocking gate in front of
publishing."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import dagster as dg

from expectations.cross_rules import CrossResult, check_between_forms
from expectations.gate import gate_before_publishing, read_mart_rules
from expectations.identities import (
    BROKEN,
    HOLDS,
    derived_identities,
    evaluate,
    identity_findings,
    read_figures,
    read_identities,
)
from expectations.identities import RULES as IDENTITY_RULES
from expectations.rule_files import all_rules
from ingest.load import insert
from orchestration.logs import log
from orchestration.measured import measured
from orchestration.resources import BuildResource
from orchestration.second_try import tried_again
from orchestration.several import several
from warehouse.acts import Act, explained
from warehouse.connection import open_working
from warehouse.kept_tables import note_contents
from warehouse.results import (
    check_run_frame,
    finding_frame,
    first_seen,
    identity_frame,
    owners,
    with_explained,
)

GROUP = "identities"
_MART_RULES = read_mart_rules()
_CROSS_RULES = [rule for rule in all_rules() if rule.sql is not None and rule.is_on]
NO_RULE_RAISED = "no_rule_between_forms_raised"


@dg.asset(
    group_name=GROUP,
    kinds={"python"},
    deps=["int_fact__figure", "int_project__cell", "fct_milestone"],
    check_specs=[
        dg.AssetCheckSpec(
            name="identities_hold",
            asset="checked_identities",
            description="Sums, shares and growth rates between stated figures",
        ),
        dg.AssetCheckSpec(
            name=NO_RULE_RAISED,
            asset="checked_identities",
            blocking=True,
            description="Gate before the marts: every rule between forms could be evaluated",
        ),
        *(
            dg.AssetCheckSpec(name=rule.id, asset="checked_identities", description=rule.says)
            for rule in _CROSS_RULES
        ),
    ],
)
@measured
@tried_again
def checked_identities(build: BuildResource, acts_of_people: list[Act]) -> dg.MaterializeResult:
    """Every identity that the figures allow: how many hold, which cannot."""
    with open_working(build.place.working_file) as connection:
        with ThreadPoolExecutor(1) as beside:
            # these are SQL, those are not: one would leave the other's core idle
            checked = beside.submit(
                check_between_forms, connection.cursor(), _CROSS_RULES, build.moment
            )
            declared = read_identities()
            figures = read_figures(connection, declared)
            identities = [*declared, *derived_identities(figures)]
            outcomes = evaluate(identities, figures)
            between = checked.result()
        findings = finding_frame(
            [*identity_findings(outcomes), *(f for result in between for f in result.findings)],
            owners(connection),
            first_seen(connection),
            build.moment,
        )
        findings = with_explained(findings, explained(acts_of_people))
        runs = check_run_frame(
            ("facts", "between_forms", each.rule.id, each.result.outcome, each.result.evaluated,
             len(each.findings))
            for each in between
        )  # fmt: skip
        connection.execute(
            "delete from quality.result where rule in (select unnest(?))",
            [[*IDENTITY_RULES, *(rule.id for rule in _CROSS_RULES)]],
        )
        connection.execute("delete from quality.check_run where gate = 'facts'")
        insert(connection, "quality.result", findings, replace=False)
        insert(connection, "quality.check_run", runs, replace=False)
        insert(connection, "quality.identity_result", identity_frame(outcomes))
        note_contents(connection, "quality")
    counts = Counter(outcome.outcome for outcome in outcomes)
    broken = [outcome for outcome in outcomes if outcome.outcome == BROKEN]
    log("identities", **counts)
    return dg.MaterializeResult(
        metadata={"figures": len(figures), "identities": len(outcomes), **counts},
        check_results=[
            dg.AssetCheckResult(
                check_name="identities_hold",
                passed=not broken,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={
                    "holds": counts[HOLDS],
                    "broken": counts[BROKEN],
                    "sample": several([outcome.identity.code for outcome in broken]),
                    "sample_cells": several([o.figures[0][1].cell_ref for o in broken]),
                },
            ),
            dg.AssetCheckResult(
                check_name=NO_RULE_RAISED,
                passed=not any(each.result.raised for each in between),
                metadata={
                    each.rule.id: each.result.raised for each in between if each.result.raised
                },
            ),
            *map(_cross_check, between),
        ],
    )


def _cross_check(each: CrossResult) -> dg.AssetCheckResult:
    is_raised = each.result.outcome == "raised"
    return dg.AssetCheckResult(
        check_name=each.rule.id,
        passed=each.result.outcome == "passed",
        severity=dg.AssetCheckSeverity.ERROR if is_raised else dg.AssetCheckSeverity.WARN,
        metadata={
            "outcome": each.result.outcome,
            "evaluated": each.result.evaluated,
            "unexpected": len(each.findings),
            "sample_cells": several([finding.cell_ref or "" for finding in each.findings]),
            "raised": each.result.raised or "",
        },
    )


@dg.asset(
    group_name="publish",
    kinds={"great_expectations"},
    deps=["mart_plan_scorecard", "mart_commune_rollup", "mart_commune_profile",
          "mart_budget_summary", "mart_budget_execution", "mart_budget_obligation",
          "mart_disbursement", "mart_disbursement_floor", "mart_disbursement_group",
          "mart_milestone", "mart_ntm_capital", "mart_trade_by_gate",
          "mart_trade_by_commodity", "mart_gate_traffic", "mart_indicator",
          "mart_new_rural_and_poverty", "mart_labour_education_health",
          "mart_environment_forest", "mart_tourism_industry_prices",
          "mart_submission_summary", "mart_submission_status", "mart_published_consistency",
          "dq_result", "submission", "build_change", "dq_act", "mart_quality_open_findings",
          "mart_quality_league", "readme"],
    check_specs=[
        dg.AssetCheckSpec(
            name=rule.name, asset="gated_marts", blocking=True, description=rule.says
        )
        for rule in _MART_RULES
    ],
)  # fmt: skip
@measured
@tried_again
def gated_marts(build: BuildResource) -> Iterator[dg.MaterializeResult]:
    """The second gate: Great Expectations on the finished facts and marts."""
    with open_working(build.place.working_file) as connection:
        results = gate_before_publishing(connection, _MART_RULES)
        runs = check_run_frame(
            ("marts", "marts", rule.name, result.outcome, result.evaluated, len(keys))
            for rule, result, keys in results
        )
        connection.execute("delete from main.check_run where gate = 'marts'")
        insert(connection, "main.check_run", runs, replace=False)
    log("gate", **Counter(result.outcome for _, result, _ in results))
    yield dg.MaterializeResult(
        metadata={"rules": len(results)},
        check_results=[
            dg.AssetCheckResult(
                check_name=rule.name,
                passed=result.outcome == "passed",
                metadata={
                    "says": rule.says,
                    "outcome": result.outcome,
                    "evaluated": result.evaluated,
                    "unexpected": len(keys),
                    "sample": several([*map(str, keys)]),
                    "raised": result.raised or "",
                },
            )
            for rule, result, keys in results
        ],
    )
