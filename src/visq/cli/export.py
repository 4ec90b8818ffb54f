"""`visq export METRIC -o FILE.onnx`: a metric's network for machines without torch."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from visq.cli import exits
from visq.errors import OptionError, StoreError

_EXAMPLES = """\b
Examples:
  visq export lpips -o lpips.onnx
  visq compare -m lpips:model=lpips.onnx original.png copy.png
  visq export nima -o nima.onnx && visq score -m nima:model=nima.onnx photo.jpg
"""

_EXITS = """\b
Exit codes:
  0    the file was written
  2    wrong usage, weights or packages that lack, or a file that cannot be written: nothing was written
  130  interrupted by Ctrl-C: nothing was written
"""


@click.command("export", epilog=f"{_EXAMPLES}\n{_EXITS}")
@click.argument("metric", metavar="METRIC[:OPTION=VALUE,...]")
@click.option("-o", "--output", required=True, metavar="FILE.onnx", help="File to write.")
@click.option("--overwrite", is_flag=True, help="Replace a file that exists.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with what the file says of itself.")
def command(metric: str, output: str, overwrite: bool, as_json: bool) -> int:
    """Write the network of a metric as an ONNX file, which visq runs without torch.

    The file holds the network and its parameters, and notes that say of which metric, version and options it is. Use
    it with the option `model` of the same metric; where torch is not installed, a file METRIC.onnx in the folder that
    VISQ_WEIGHTS names is found by itself. Scores agree with torch within 1e-5; their identity names the file by its
    hash. Writing needs torch and onnx: pip install 'visq[export]'.
    """
    from visq.catalog.naming import parse

    named = parse(metric)
    if len(named) != 1:
        raise OptionError(f"{metric!r} names several metrics", expected="one for each file")
    if not output.lower().endswith(".onnx"):
        raise OptionError(f"-o {output} has another ending", expected="FILE.onnx")
    output = os.path.expanduser(output)  # noqa: PTH111 - a name that pathlib might alter
    if os.path.lexists(output) and not overwrite:
        raise StoreError(f"{output} exists already", hint="Use --overwrite to replace it.")
    from visq.systems.graph_export import export
    from visq.weights import sha256

    graph = export(named[0][0], output, **named[0][1])
    about = graph.about
    if as_json:
        from dataclasses import asdict

        facts = {"file": output, "bytes": Path(output).stat().st_size, "sha256": sha256(output)}
        click.echo(json.dumps({**facts, **asdict(about)}, indent=2))
        return exits.OK
    click.echo(f"{output}  {Path(output).stat().st_size / 1e6:.1f} MB")
    click.echo(f"  of          {about.identity}")
    click.echo(
        f"  takes       {', '.join(about.inputs)}: (N, {about.channels}, H, W) in 0..1, from {about.min_side} pixels"
    )
    click.echo(f"  gives       {', '.join(about.outputs)}")
    click.echo(f"  use it as   -m {about.metric}:model={output}")
    return exits.OK
