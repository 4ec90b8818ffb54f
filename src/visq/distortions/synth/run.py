"""A set from its plan: new, or gone on with where it was left."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from visq.distortions.synth import estimate, tables
from visq.distortions.synth.crew import Crew
from visq.distortions.synth.journal import Journal, source_text, verify
from visq.distortions.synth.plan import IMAGES, MANIFEST, PLAN, Plan, Type, check_photos, keep_plan, surrogate
from visq.errors import StoreError
from visq.media.lossless import TEMPORARY

JOURNAL = "journal.sqlite"
_PREPARE = "visq.distortions.synth.work:prepare"


@dataclass
class Outcome:
    """How a run ended.

    Attributes
    ----------
    pictures, references : int
        Files that are in the set now, distorted and untouched.
    made : int
        Distorted ones made by this run.
    failed : int
        Rows with an error.
    reasons : list of (name, reason)
        The first of them.
    bytes : int
        Of all files.
    notes : list of str
        What else to tell.
    """

    pictures: int = 0
    references: int = 0
    made: int = 0
    failed: int = 0
    reasons: list[tuple[str, str]] = field(default_factory=list)
    bytes: int = 0
    notes: list[str] = field(default_factory=list)


class Watcher:
    """Hears what happens in a run; a base that keeps silent."""

    def planned(self, estimate: estimate.Estimate) -> None:
        """Before anything is made: what is to be done, and what it comes to."""

    def advance(self, pictures: int) -> None:
        """So many more pictures need no more work."""

    def tick(self) -> None:
        """Called about ten times a second."""


@dataclass
class Synthesis:
    """One run.

    Parameters
    ----------
    plan : Plan
    folder : pathlib.Path
        Where the set goes.
    jobs : int
        Processes. The same bytes for any number.
    timeout : float
        Seconds for one photograph, or for all levels of one type of it; 0 means no limit.
    resume : bool
        Go on with the set in the folder.
    limits : dict
        Of photographs, by the names of `visq.Limits`.
    watcher : Watcher

    Notes
    -----
    Processes are started afresh and import the main module: a script that calls this guards itself with
    ``if __name__ == "__main__":``, as for all of `multiprocessing`.
    """

    plan: Plan
    folder: Path
    jobs: int = 1
    timeout: float = 600.0
    resume: bool = False
    limits: dict[str, int] = field(default_factory=dict)
    watcher: Watcher = field(default_factory=Watcher)
    journal: Journal | None = None
    notes: list[str] = field(default_factory=list)

    def reckon(self) -> estimate.Estimate:
        """What a new set would come to; nothing is written."""
        check_photos(self.plan.photos)
        with self._crew() as crew:
            return self._measured(crew, self.plan.pictures, len(self.plan.photos))

    def run(self) -> Outcome:
        """Make what is missing.

        Raises
        ------
        StoreError
            The folder holds something else or is in use; the disk is too small, or full.
        InputError
            No photographs.
        VisqError
            Workers cannot be started.
        KeyboardInterrupt
            As it comes; what was made is in the journal.
        """
        check_photos(self.plan.photos)
        self._check_folder()
        with self._crew() as crew:
            if not self.resume:
                # Before anything is written: a set that does not fit leaves no trace.
                self._show(self._measured(crew, self.plan.pictures, len(self.plan.photos)))
            self.journal = self._opened()
            try:
                return self._made(crew, self.journal)
            finally:
                with suppress(StoreError):
                    self.journal.flush()
                self.journal.close()

    def safe(self) -> int:
        """Pictures and references of this set that need not be made again, once `run` has been interrupted."""
        if self.journal is None:
            return 0
        held = self.folder / JOURNAL
        if not held.exists():
            return 0
        journal = Journal(held)
        try:
            return journal.count("status = 'ok'")
        finally:
            journal.close()

    def _crew(self) -> Crew:
        from dataclasses import asdict

        config = {"recipe": asdict(self.plan.recipe), "folder": str(self.folder.absolute()), "limits": self.limits}
        return Crew(_PREPARE, config, jobs=self.jobs, timeout=self.timeout, on_tick=self._tick)

    def _tick(self) -> None:
        if self.journal is not None:
            self.journal.tick()
        self.watcher.tick()

    def _check_folder(self) -> None:
        """A new set goes into a new or empty folder, an old one is gone on with only where it was asked for."""
        if not self.folder.exists():
            return
        if not self.folder.is_dir():
            raise StoreError(f"{self.folder} is a file", expected="a folder to make")
        holds = next(self.folder.iterdir(), None) is not None
        is_set = (self.folder / PLAN).exists()
        if holds and not self.resume:
            raise StoreError(
                f"{self.folder} is not empty",
                hint="Resume it." if is_set else "Name a new folder: nothing is overwritten.",
            )
        if holds and not is_set and not (self.folder / JOURNAL).exists():
            raise StoreError(f"{self.folder} holds no set that could be resumed", hint="Name the folder of the set.")

    def _opened(self) -> Journal:
        """The journal, locked, and the folder's plan compared with ours."""
        try:
            (self.folder / IMAGES).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"{self.folder} cannot be made: {error.strerror}", hint="Choose a place you may write to."
            ) from error
        path = self.folder / JOURNAL
        created = not path.exists()
        journal = Journal(path)
        try:
            self.notes = keep_plan(self.folder, self.plan)
            if journal.count() == 0 and (self.folder / MANIFEST).exists():
                journal.load(self.folder / MANIFEST)
        except BaseException:
            journal.close(remove=created)
            raise
        return journal

    def _made(self, crew: Crew, journal: Journal) -> Outcome:
        remove_unfinished(self.folder / IMAGES)
        outcome = Outcome(notes=self.notes)
        every = self.plan.pictures + len(self.plan.photos)
        good = verify(journal, self.folder / IMAGES, self._tick)
        self.watcher.advance(good)
        if good < every:
            if self.resume:
                self._show(self._rest(crew, journal))
            for tasks in (self._references(journal), self._levels(journal)):
                for task, answer in crew.run(tasks):
                    self._take(task, answer, journal, outcome)
                journal.flush()
        if good < every or not (self.folder / MANIFEST).exists():
            tables.write(self.plan, self.folder, journal)
        self._count(journal, outcome)
        journal.close(remove=True)
        return outcome

    def _show(self, reckoned: estimate.Estimate) -> None:
        self.watcher.planned(reckoned)
        estimate.check_room(reckoned, self.folder)

    def _measured(self, crew: Crew, pictures: int, references: int) -> estimate.Estimate:
        return estimate.measure(self.plan, crew, pictures=pictures, references=references)

    def _rest(self, crew: Crew, journal: Journal) -> estimate.Estimate:
        """What is left, by what the pictures that are there cost."""
        references = len(self.plan.photos) - journal.count("type = 0")
        pictures = self.plan.pictures - journal.count("type > 0")
        found = journal.query(
            "SELECT type, avg(seconds), avg(bytes), count(*) FROM pictures WHERE seconds IS NOT NULL GROUP BY type"
        )
        numbers = [one.number for one in self.plan.recipe.types]
        known = estimate.from_rows(found, numbers, pictures=pictures, references=references)
        return known or self._measured(crew, pictures, references)

    # Tasks, and what comes of them

    def _references(self, journal: Journal) -> Iterator[dict[str, Any]]:
        for number, photo in enumerate(self.plan.photos, 1):
            if (0, 0) in journal.done(number):
                continue
            name = self.plan.reference(number)
            if photo.problem:
                journal.add(self._row(number, None, 0, name) | {"status": "error", "error": photo.problem})
                self.watcher.advance(1 + self.plan.recipe.each)
            else:
                yield {"do": "reference", "photo": number, "source": photo.path, "name": name}

    def _levels(self, journal: Journal) -> Iterator[dict[str, Any]]:
        for number in range(1, len(self.plan.photos) + 1):
            done = journal.done(number)
            if done.get((0, 0)) != "ok":
                continue
            [[key]] = journal.query("SELECT source_sha256 FROM pictures WHERE photo = ? AND type = 0", (number,))
            for place, one in enumerate(self.plan.recipe.types):
                missing = [level for level in self.plan.recipe.levels if (one.number, level) not in done]
                if missing:
                    yield {
                        "do": "levels", "photo": number, "place": place, "distortion": one.name, "key": key,
                        "reference": self.plan.reference(number),
                        "levels": [[level, self.plan.image(number, one.number, level)] for level in missing],
                    }  # fmt: skip

    def _row(self, number: int, one: Type | None, level: int, name: str) -> dict[str, Any]:
        row = dict.fromkeys(("source_sha256", "distortion", "title", "amount", "unit", "sha256", "error"), "")
        return row | {
            "image": name,
            "reference": "" if one is None else self.plan.reference(number),
            "photo": number,
            "source": source_text(self.plan.photos[number - 1].path),
            "type": 0 if one is None else one.number,
            "level": level,
            "distortion": "" if one is None else one.name,
            "title": "" if one is None else one.title,
            "seed": self.plan.recipe.seed,
            "warnings": "",
        }

    def _take(self, task: dict[str, Any], answer: dict[str, Any] | str, journal: Journal, outcome: Outcome) -> None:
        if isinstance(answer, dict) and "stop" in answer:
            raise StoreError(answer["stop"], hint="What was made is safe. Make room, then resume the run.")
        if task["do"] == "reference":
            rows = [answer] if isinstance(answer, str) else answer["rows"]
            self._take_reference(task, rows[0], journal)
            return
        one = self.plan.recipe.types[task["place"]]
        rows = [answer] * len(task["levels"]) if isinstance(answer, str) else answer["rows"]
        for (level, name), made in zip(task["levels"], rows, strict=True):
            row = self._row(task["photo"], one, level, name) | {"source_sha256": task["key"]}
            row |= self._lost(name, made) if isinstance(made, str) else made
            if row["status"] == "ok":
                outcome.made += 1
                row["score"] = surrogate(level) if one.monotone else None
            journal.add(row)
        self.watcher.advance(len(task["levels"]))

    def _take_reference(self, task: dict[str, Any], made: dict[str, Any] | str, journal: Journal) -> None:
        row = self._row(task["photo"], None, 0, task["name"])
        row |= self._lost(task["name"], made) if isinstance(made, str) else made
        row["warnings"] = "; ".join(row["warnings"] or ())
        journal.add(row)
        # Of a photograph that cannot be read nothing else is made.
        self.watcher.advance(1 if row["status"] == "ok" else 1 + self.plan.recipe.each)

    def _lost(self, name: str, reason: str) -> dict[str, Any]:
        """A picture whose maker was ended; it may have been written all the same."""
        with suppress(OSError):
            (self.folder / IMAGES / name).unlink()
        return {"status": "error", "error": reason}

    def _count(self, journal: Journal, outcome: Outcome) -> None:
        [[outcome.pictures, outcome.references, outcome.bytes, outcome.failed]] = journal.query(
            "SELECT coalesce(sum(status = 'ok' AND type > 0), 0), coalesce(sum(status = 'ok' AND type = 0), 0),"
            " coalesce(sum(bytes), 0), coalesce(sum(status <> 'ok'), 0) FROM pictures"
        )
        found = journal.query(
            "SELECT CASE type WHEN 0 THEN source ELSE image END, error FROM pictures WHERE status <> 'ok'"
            " ORDER BY photo, type, level LIMIT 20"
        )
        outcome.reasons = [(name, reason) for name, reason in found]


def remove_unfinished(images: Path) -> None:
    """Remove what killed workers left half written."""
    with os.scandir(images) as entries:
        for entry in entries:
            if entry.name.startswith(TEMPORARY):
                with suppress(OSError):
                    Path(entry.path).unlink()


__all__ = ["JOURNAL", "Outcome", "Synthesis", "Watcher", "remove_unfinished"]
