"""The text of conditions, read by the oracle's own recursive descent: `not`, `and`, `or`, comparisons, constants."""

from __future__ import annotations

import operator
import re
import unicodedata
from fractions import Fraction
from typing import Callable

from oracle_expression import (COUNTS, MEASURES, SIGNS, Adjacent, Anomaly, Both, Change, Comparison, Condition, Joined,
                               Measure, Share, Term)

MEASURE_WORDS = {"件数": "events", "人数": "callers", "涉及人数": "involved", "合计": "sum", "最大": "max",
                 "网格数": "regions", "来源数": "sources", "平均": "avg"}
FUNCTION_WORDS = {"变化": "change", "占比": "share", "共同": "both", "邻近": "adjacent", "异常": "anomaly"}
UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "秒": 1, "分钟": 60, "小时": 3600, "天": 86_400}
PART = r"(\d+)(分钟|小时|[smhd秒天])"
SIGN_WORDS = {"≥": ">=", "≤": "<=", "≠": "!="}
OPERATOR_WORDS = {"并且": "and", "且": "and", "或者": "or", "或": "or", "非": "not"}

TOKEN = re.compile(r"""\s*(?:
    (?P<operator>并且|且|或者|或|非(?=[\s(])|(?:and|or|not)\b)
  | (?P<duration>(?:\d+(?:分钟|小时|[smhd秒天]))+)
  | (?P<number>\d+(?:\.\d+)?)
  | (?P<name>[^\W\d且或]\w*?(?=并且|且|或|\W|$))
  | (?P<sign>>=|<=|!=|[><=≥≤≠])
  | (?P<other>[-+*/().,])
  | (?P<wrong>\S))""", re.VERBOSE)


def duration(value: object) -> int:
    """In seconds."""
    text = str(value).replace(" ", "")
    parts = re.findall(PART, text)
    if not parts or "".join(n + unit for n, unit in parts) != text:
        raise ValueError(f"not a duration: {text!r}")
    return sum(int(n) * UNIT_SECONDS[unit] for n, unit in parts)


def workdays(value: object) -> int | None:
    """How many, if it speaks of working days."""
    found = re.fullmatch(r"0*([1-9]\d*)\s*(?:working days?|workdays?|个?工作日)", str(value))
    return int(found[1]) if found else None


def scaled(number: Fraction, unit: int) -> int:
    """A threshold in the unit that its term is kept in."""
    exact = number * unit
    if exact.denominator != 1:
        raise ValueError(f"{number} is finer than a {unit}th")
    return int(exact)


def plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace("。", ".")


class Parser:
    """`or` binds loosest, then `and`, then `not`."""

    def __init__(self, text: object):
        self.text = str(text)
        self.tokens: list[tuple[str, str]] = []
        for match in TOKEN.finditer(plain(self.text).rstrip()):
            kind, token = match.lastgroup, match[match.lastgroup]
            self.tokens.append((kind, OPERATOR_WORDS.get(token, token) if kind == "operator" else
                                SIGN_WORDS.get(token, token)))

    def condition(self) -> Condition:
        found = self.alternatives()
        self.end()
        return found

    def measure_alone(self) -> Measure:
        found = self.measure()
        self.end()
        return found

    def constant_alone(self) -> Fraction:
        found = self.constant()
        self.end()
        return found

    # -- tokens

    def fail(self, wanted: str) -> ValueError:
        at = repr(self.tokens[0][1]) if self.tokens else "the end"
        return ValueError(f"expected {wanted} at {at} of {self.text!r}")

    def end(self) -> None:
        if self.tokens:
            raise self.fail("nothing more")

    def peek(self, ahead: int = 0) -> str:
        return self.tokens[ahead][1] if len(self.tokens) > ahead else ""

    def accept(self, token: str) -> bool:
        found = self.peek() == token
        if found:
            self.tokens.pop(0)
        return found

    def expect(self, token: str) -> None:
        if not self.accept(token):
            raise self.fail(token)

    def take(self, kind: str) -> str:
        if not self.tokens or self.tokens[0][0] != kind:
            raise self.fail(f"a {kind}")
        return self.tokens.pop(0)[1]

    # -- conditions

    def joined(self, word: str, part: Callable[[], Condition], join: Callable) -> Condition:
        parts = [part()]
        while self.accept(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else Joined(join, tuple(parts))

    def alternatives(self) -> Condition:
        return self.joined("or", self.conjunction, any)

    def conjunction(self) -> Condition:
        return self.joined("and", self.unit, all)

    def unit(self) -> Condition:
        if self.accept("not"):
            return self.unit().negated()
        if self.accept("("):
            inner = self.alternatives()
            self.expect(")")
            return inner
        return self.comparison()

    def comparison(self) -> Comparison:
        term = self.term()
        sign = self.take("sign")
        assert sign in SIGNS
        return Comparison(term, sign, scaled(self.constant(), term.unit))

    # -- terms

    def term(self) -> Term:
        if self.peek(1) != "(":
            return self.measure()
        name = self.take("name")
        function = getattr(self, f"{FUNCTION_WORDS.get(name, name)}_of", None)
        if function is None:
            raise ValueError(f"no function {name!r} in {self.text!r}")
        self.expect("(")
        found = function()
        self.expect(")")
        return found

    def measure(self) -> Measure:
        selection, word = self.take("name"), "events"
        if self.accept("."):
            word = self.take("name")
        name = MEASURE_WORDS.get(word, word)
        if name not in MEASURES:
            raise ValueError(f"unknown measure {word!r} in {self.text!r}")
        return Measure(selection, name)

    def countable(self, *also: str) -> Measure:
        found = self.measure()
        if found.name not in (*COUNTS, *also):
            raise ValueError(f"a function of .{found.name} in {self.text!r}")
        return found

    def change_of(self) -> Change:
        x = self.countable("sum")
        self.expect(",")
        lag = duration(self.take("duration"))
        if lag == 0 or lag % 60:
            raise ValueError(f"a lag that is no whole minutes in {self.text!r}")
        return Change(x, lag)

    def share_of(self) -> Share:
        part = self.countable("sum")
        self.expect(",")
        return Share(part, self.countable("sum"))

    def both_of(self) -> Both:
        one = self.take("name")
        self.expect(",")
        return Both(one, self.take("name"))

    def adjacent_of(self) -> Adjacent:
        inner = self.alternatives()
        if not all(c.is_upward() and isinstance(c.term, Measure) and c.term.grows for c in inner.comparisons()):
            raise ValueError(f"adjacent() of what more facts can make false in {self.text!r}")
        return Adjacent(inner)

    def anomaly_of(self) -> Anomaly:
        return Anomaly(self.countable())

    # -- constants

    def constant(self) -> Fraction:
        return self.folded(self.product, {"+": operator.add, "-": operator.sub})

    def product(self) -> Fraction:
        return self.folded(self.factor, {"*": operator.mul, "/": operator.truediv})

    def folded(self, part: Callable[[], Fraction], signs: dict[str, Callable]) -> Fraction:
        total = part()
        while (sign := self.peek()) in signs:
            self.accept(sign)
            total = signs[sign](total, part())
        return total

    def factor(self) -> Fraction:
        if self.accept("-"):
            return -self.factor()
        if self.accept("("):
            inner = self.constant()
            self.expect(")")
            return inner
        digits = self.take("number")
        if len(digits.partition(".")[2]) > 3:
            raise ValueError(f"more than three decimals in {self.text!r}")
        return Fraction(digits)
