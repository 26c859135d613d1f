"""What a person sees: tables of hits and progress. Answers come in as the contract's JSON."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

BAR = 8


class Terminal:
    """Answers on stdout, everything else on stderr."""

    def __init__(self) -> None:
        self.out = Console(highlight=False, soft_wrap=False)
        self.err = Console(stderr=True, highlight=False)

    def answer(self, answer: dict[str, Any], explain: bool) -> None:
        """Print a page of hits as a table."""
        hits = answer["hits"]
        if "degraded" in answer:
            told = ", ".join(answer["degraded"])
            self.warn(f"a part of the store does not answer; this is without: {told}")
        for asked, read in answer.get("corrections", {}).items():
            self.err.print(f"[yellow]no pin says {escape(asked)}: read as {escape(read)}[/yellow]")
        if not hits:
            self.out.print("nothing found")
            return
        if answer.get("nothing_relevant"):
            self.err.print("[yellow]probably nothing here fits; the nearest:[/yellow]")
        explained = "why" in hits[0]
        table = Table(box=None, pad_edge=False, header_style="bold", expand=True)
        table.add_column("#", justify="right", min_width=2)
        table.add_column("score", min_width=5)
        if explained:
            table.add_column("words", min_width=BAR)
            table.add_column("picture", min_width=BAR)
        longest = max(len(hit["id"]) for hit in hits)
        table.add_column("pin", min_width=min(longest, 24), overflow="fold")
        table.add_column("what it says", ratio=1, overflow="fold")
        for number, hit in enumerate(hits, 1):
            row = [str(number), f"{hit['score']:.3f}"]
            if explained:
                why = hit["why"]
                row += [_words(why), bar(why["calibrated"]["visual"])]
            said = escape(caption(hit["pin"]))
            if copies := hit.get("duplicates"):
                said += f" [dim](and {copies['count']:,} with nearly this picture)[/dim]"
            if explained and explain:
                said += f"\n[dim]{escape(reasons(hit['why']))}[/dim]"
            table.add_row(*row, escape(hit["id"]), said)
        self.out.print(table)
        self.err.print(f"[dim]{len(hits)} pins in {answer['took_ms']:.0f} ms[/dim]")

    def regions(self, answer: dict[str, Any]) -> None:
        """Print the things in a picture as a table."""
        if not answer["regions"]:
            self.out.print("nothing stands out")
            return
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in ("#", "score", "box", "label"):
            table.add_column(name)
        for number, each in enumerate(answer["regions"], 1):
            label = escape(each["label"]) if each["label"] else "[dim]not sure[/dim]"
            table.add_row(str(number), f"{each['score']:.3f}", each["box"], label)
        self.out.print(table)
        self.err.print(f"[dim]{len(answer['regions'])} regions in {answer['took_ms']:.0f} ms[/dim]")

    def recognition(self, answer: dict[str, Any]) -> None:
        """Print what a picture is as a table; what is not sure has a question mark."""
        from engine.discovery.confidence import SURE

        if not answer["sure"]:
            self.err.print("[yellow]not sure what this is; what it may be:[/yellow]")
        if not answer["labels"]:
            self.out.print("nothing comes close")
            return
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in ("facet", "label", "confidence", ""):
            table.add_column(name)
        table.add_column("said by", overflow="fold")
        last = ""
        for each in answer["labels"]:
            facet = "" if each["facet"] == last else each["facet"]
            last = each["facet"]
            label = escape(each["label"])
            share = each["confidence"]
            said = ", ".join(each["evidence"]) or "(what the encoder sees)"
            table.add_row(
                facet,
                label if share >= SURE else f"[dim]{label}?[/dim]",
                f"{share:.2f}",
                bar(share),
                f"[dim]{escape(said)}[/dim]",
            )
        self.out.print(table)
        self.err.print(f"[dim]{answer['took_ms']:.0f} ms[/dim]")

    def shop(self, answer: dict[str, Any]) -> None:
        """Print products and their offers; regions of a picture one after the other."""
        self._groups(answer["groups"])
        for number, region in enumerate(answer.get("regions", ()), 1):
            label = escape(region["label"] or "something")
            self.out.print(f"\n[bold]{number}. {label}[/bold] [dim]at {region['box']}[/dim]")
            self._groups(region["groups"])
        self.err.print(f"[dim]{answer['took_ms']:.0f} ms[/dim]")

    def _groups(self, groups: list[dict[str, Any]]) -> None:
        if not groups:
            self.out.print("nothing like it is offered")
        for group in groups:
            title = escape(group["title"] or group["offers"][0]["pin"])
            exact = "[green]this[/green]" if group["exact"] else "like it"
            self.out.print(f"[bold]{title}[/bold]  {exact} {group['score']:.2f}")
            table = Table(box=None, pad_edge=False, show_header=False)
            for each in group["offers"]:
                price = f"{each['price']} {each['currency'] or ''}" if each["price"] else "–"
                why = f"same {each['same_by']}" if each["same_by"] else ""
                facts = (price, each["merchant"] or "", each["link"], each["pin"])
                table.add_row("  ", *map(escape, facts), f"[dim]{why}[/dim]")
            self.out.print(table)
            if group["more"]:
                self.out.print(f"   [dim]and {group['more']:,} more offers[/dim]")

    def facts(self, facts: dict[str, Any]) -> None:
        """Print names and values, one a line."""
        table = Table(box=None, show_header=False, pad_edge=False)
        for name, value in facts.items():
            table.add_row(f"[bold]{escape(name)}[/bold]", escape(str(value)))
        self.out.print(table)

    def letters(self, letters: list[dict[str, Any]]) -> None:
        """Print dead letters as a table."""
        if not letters:
            self.out.print("no dead letters")
            return
        table = Table(box=None, pad_edge=False, header_style="bold", expand=True)
        for name in ("pin", "stage", "error", "tries", "since"):
            table.add_column(name, overflow="fold")
        table.add_column("why", ratio=1, overflow="fold")
        for each in letters:
            named = str(each["pin_id"] or each["key"])
            facts = (named, each["stage"], each["error"], str(each["attempts"]), each["at"])
            table.add_row(*map(escape, (*facts, each["message"])))
        self.out.print(table)
        self.err.print(f"[dim]{len(letters):,} dead letters[/dim]")

    def takedowns(self, takedowns: list[dict[str, Any]]) -> None:
        """Print what was taken down as a table."""
        if not takedowns:
            self.out.print("nothing was taken down")
            return
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in ("kind", "value", "since", "reason"):
            table.add_column(name, overflow="fold")
        for each in takedowns:
            facts = (each["kind"], each["value"], each["since"], each["reason"])
            table.add_row(*map(escape, facts))
        self.out.print(table)

    def warn(self, text: str) -> None:
        """Print a line for the person that no program should read."""
        self.err.print(f"[yellow]{escape(text)}[/yellow]")

    @contextmanager
    def progress(self, what: str, total: int | None) -> Iterator[Progress]:
        """Show a progress bar on stderr while the block runs."""
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self.err) as bars:
            bars.add_task(what, total=total)
            yield bars


def caption(pin: dict[str, Any]) -> str:
    """Return one line that says what a pin is, from the words that it has."""
    words = str(pin.get("description") or "(no text)")
    parts = [words]
    if board := pin.get("board_title"):
        parts.append(f"[{board}]")
    if price := pin.get("price"):
        parts.append(f"{price} {pin.get('currency', '')}".strip())
    if merchant := pin.get("merchant"):
        parts.append(str(merchant))
    return " · ".join(parts)


def bar(share: float) -> str:
    """Return a share of 1 as a bar of fixed width."""
    full = round(max(0.0, min(1.0, share)) * BAR)
    return "█" * full + "░" * (BAR - full)


def reasons(why: dict[str, Any]) -> str:
    """Return an explanation in words."""
    matched = [
        f"{field}: {' '.join(terms)}"
        for field, terms in why["text"]["matched_terms"].items()
        if terms
    ]
    source = why["calibrated"]["lexical_from"]
    text = {
        "text": "; ".join(matched) or "no word matches",
        "neighbours": "no text of its own: judged by look-alikes",
        "none": "words play no part",
    }[source]
    legs = " and ".join(why["found_by"])
    part = ""
    if region := why["image"].get("region"):
        part = f" ({region['label'] or 'a part of it'} at {region['box']})"
    return f"found by {legs}; {text}; cosine {why['image']['cosine']:.2f}{part}"


def _words(why: dict[str, Any]) -> str:
    if why["calibrated"]["lexical_from"] == "neighbours":
        return f"[dim]{bar(why['calibrated']['lexical'])}[/dim]"
    return bar(why["calibrated"]["lexical"])
