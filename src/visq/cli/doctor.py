"""`visq doctor`: whether this installation works."""

from __future__ import annotations

import json

import click

from visq.cli import exits

_COLOURS = {"ok": "green", "missing": "yellow", "info": "yellow", "broken": "red"}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: ok, and the list of checks.")
def command(as_json: bool) -> None:
    """Check this installation.

    Versions, threads, compiled kernels, environment variables, readable formats, parameter files, a self-test
    with values known from the formulae, and which extras work. What is missing is optional and comes with the
    line that installs it. Exit status 1 if something is broken.
    """
    from visq.report.diagnosis import run_checks

    found, section = [], ""
    for check in run_checks():
        found.append(check)
        if as_json:
            continue
        if check.section != section:
            section = check.section
            click.secho(section, bold=True)
        status = click.style(check.status.ljust(8), fg=_COLOURS[check.status])
        click.echo(f"  {status}{check.name:<20} {check.detail}")
        if check.hint:
            click.echo(f"  {'':<29}{check.hint}")
    broken = [check for check in found if check.status == "broken"]
    if as_json:
        from dataclasses import asdict

        click.echo(json.dumps({"ok": not broken, "checks": [asdict(check) for check in found]}, indent=2))
    elif broken:
        click.echo(f"{len(broken)} broken: {', '.join(check.name for check in broken)}")
    else:
        click.echo("all well")
    if broken:
        click.get_current_context().exit(exits.SOME_FAILED)
