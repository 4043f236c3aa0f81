"""What names mean in one place of a query."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from emulator.monitor.kql import tree
from emulator.monitor.kql.errors import KqlError, Position
from emulator.monitor.kql.translation.relation import Relation
from emulator.monitor.kql.types import Typed


@dataclass(frozen=True)
class Scope:
    """The columns of the rows at hand, and what stands around them.

    Attributes:
        relation: the rows; None where there are none, as in a `let`.
        scalars: what `let` statements named.
        now: the time of the query, the same in all of it.
        table: translates a query that stands inside of an expression.
        operator: whose expression it is, for messages.
        aggregating: whether aggregates may stand here, and columns only inside of them.
        windowed: is told True when the expression looks at other rows, as `prev` does.
    """

    relation: Relation | None
    scalars: Mapping[str, Typed]
    now: datetime
    table: Callable[[tree.Pipeline], Relation]
    operator: str = "let"
    aggregating: bool = False
    windowed: list[bool] = field(default_factory=list[bool])

    def inside_aggregate(self) -> Scope:
        """Return the scope of an aggregate's arguments."""
        return replace(self, aggregating=False)

    def resolve(self, name: str, position: Position) -> Typed:
        """Return what a name stands for.

        Raises:
            KqlError: there is nothing of that name.
        """
        found = self.find(name)
        if found is not None:
            if self.aggregating and name not in self.scalars:
                raise KqlError("semantic", f"'{name}' has to stand inside of an aggregate or after 'by'", position)
            return found
        known = ", ".join(column.name for column in self.relation.columns) if self.relation else "none"
        text = f"'{self.operator}' operator: Failed to resolve column or scalar expression named '{name}'"
        raise KqlError("semantic", f"{text}; there are: {known}", position)

    def find(self, name: str) -> Typed | None:
        """Return what a name stands for, or None."""
        if self.relation is not None and (place := self.relation.index(name)) is not None:
            return Typed(f"c{place}", self.relation.columns[place].type)
        return self.scalars.get(name)

    def window(self, function: str, position: Position) -> str:
        """Return the SQL of the order in which a function looks at other rows.

        Raises:
            KqlError: the rows have no order.
        """
        if self.relation is None or not self.relation.ordered:
            raise KqlError("semantic", f"{function}() needs rows in an order: sort or serialize them before", position)
        self.windowed.append(True)
        return "(ORDER BY o)"
