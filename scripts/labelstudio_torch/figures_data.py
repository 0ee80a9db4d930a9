"""English sentences with dates, times, sums of money, addresses and numbers to call, made by chance."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from .spans import Span

LABELS = ("Date", "Time", "Money", "Phone", "Email", "URL")
CREDITS = (
    "Trained on sentences that scripts/labelstudio_torch/figures_data.py makes by chance, and nothing else."
)

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September", "October"),
    *("November", "December"),
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_CURRENCIES = ("EUR", "USD", "GBP", "CHF", "SEK", "JPY", "euros", "dollars", "pounds", "francs", "kronor")
_ENDS = ("com", "org", "net", "fi", "de", "co.uk", "io", "example", "eu", "info")
_UNITS = (
    *(
        "km",
        "kg",
        "g",
        "m",
        "cm",
        "litres",
        "minutes",
        "hours",
        "days",
        "years",
        "people",
        "pages",
        "degrees",
    ),
    *("MB", "watts", "points", "square metres", "miles", "times"),
)
_SYLLABLES = (
    *("ka", "lo", "mi", "ter", "son", "ber", "an", "dor"),
    *("ve", "ri", "sto", "na", "el", "wu", "pra", "ho"),
)
_FILLERS = (
    *("the", "a", "our", "this", "that", "new", "old", "small", "final", "first", "report", "team", "office"),
    *(
        "room",
        "price",
        "list",
        "plan",
        "house",
        "train",
        "ticket",
        "order",
        "parcel",
        "garden",
        "book",
        "and",
    ),
    *("of", "with", "for", "by", "to", "from", "about", "or", "not", "is", "was", "has", "will", "can", "we"),
    *("they", "she", "he", "you", "it", "please", "again", "later", "still", "only", "very", "good", "ready"),
)

# How many of a template's words are varied, and how many of those left out.
_VARIED, _LEFT_OUT = 0.4, 0.25

# Words in braces are made by chance: labels are marked, others are what nobody asks for.
TEMPLATES = (
    "The meeting is on {Date} at {Time}.",
    "Please call {Phone} or write to {Email}.",
    "The invoice of {Date} is over {Money}.",
    "You find it at {URL}",
    "{Name} was born on {Date} in {Name}.",
    "Your train leaves at {Time} from platform {Number}.",
    "I paid {Money} for {Number} tickets.",
    "More about this: {URL}, or ask {Email}",
    "Order {Code} was sent on {Date}.",
    "We are open from {Time} to {Time}, except on {Day}.",
    "Price: {Money} (was {Money})",
    "Tel. {Phone}, fax {Phone}",
    "Contact: {Name} {Name}, {Email}, {Phone}",
    "From {Date} until {Date} the office is closed.",
    "The rent is {Money} a month for {Number} square metres.",
    "It costs {Money} per person and night.",
    "Version {Version} was released on {Date}; see {URL} for details.",
    "{Name}, can you be here by {Time}?",
    "Deadline {Date}, {Time} sharp!",
    "My number is {Phone}",
    "Send the form to {Email} before {Date}",
    "He owes me {Money} since {Year}.",
    "The share fell by {Percent} to {Money}.",
    "On page {Number} of {Code} there is nothing about {Name}.",
    "Room {Number} holds {Number} people, {Percent} of them standing.",
    "In {Year} they had {Number} members.",
    "{Name} won {Ratio} against {Name}.",
    "Use version {Version} of {Name}, not {Version}.",
    "Mix them {Ratio} and wait {Number} minutes.",
    "{Percent} of {Number} answers were right",
    "The file {Code} has {Number} lines and {Number} errors.",
    "Chapter {Number}.{Number} tells how {Name} did it in {Year}.",
    "As of {Date}, the total is {Money}, of which {Money} are paid.",
    "Doors open {Time}, show starts {Time}",
    "Book at {URL} or under {Phone} ({Day} to {Day}).",
    "re: your mail of {Date}, {Time}",
    "Reply-To: {Email}",
    "see {URL} and {URL}",
    "{Date}: {Name} sold {Number} shares at {Money} each",
    "The {Name} in {Name} costs between {Money} and {Money}.",
    "{Random} {Date} {Random}.",
    "{Random} {Time} {Random}",
    "{Random} {Money} {Random}.",
    "{Random} {Phone} {Random}",
    "{Random} {Email} {Random}.",
    "{Random} {URL} {Random}",
    "{Random}, {Date}, {Random} {Money}",
    "{Random} {Number} {Random} {Year} {Random}.",
    "{Random} {Code} {Random} {Version}",
    "{Random} at {Time} {Random} on {Date}.",
    "{Random} {Percent} {Random}; {Random} {Name}!",
    "({Money}) {Random} [{URL}]",
    "{Phone} / {Email}",
    "{Random}: {Number} {Random} for {Money}, {Random}",
    "{Name} lives at {Number} {Name} Street, {Code} {Name}.",
    "Flight {Code} departs at {Time} on {Day} and lands at {Time}.",
    "Call {Name} on {Phone} after {Time}.",
    "Donations of {Money} or more until {Date}: {URL}",
    "The temperature was {Number} degrees at {Time}.",
    "It is {Amount} from {Name} to {Name}, and {Amount} back.",
    "{Random} {Amount} {Random} {Amount}.",
    "{Random} {Ratio} {Random}, {Number} {Random}",
    "She read the first {Number} pages in {Amount}.",
    "There were {Number} {Random} and {Number} {Random}.",
    "{Name} {Code} is {Random} until {Time}, not {Time}.",
    "I think that nobody will ever ask for it, but we can wait and see what they say about the plan.",
    "{Random} {Random} {Random}.",
    "{Random} - {Random} ({Random}) {Name}: {Random}",
    "{Name} wrote on {Date}: it is not worth {Money}.",
)


def sentences(count: int, templates: Sequence[str], seed: int) -> tuple[list[str], list[list[Span]]]:
    """So many sentences, some of two templates, and what is marked in each."""
    chance = random.Random(seed)
    texts, spans = [], []
    for _ in range(count):
        template = _vary(" ".join(chance.choices(templates, k=chance.choice((1, 1, 1, 2)))), chance)
        text, marked = fill(template, lambda name: _MAKERS[name](chance))
        if chance.random() < 0.1:
            text = text.lower()
        texts.append(text)
        spans.append(marked)
    return texts, spans


def _vary(template: str, chance: random.Random) -> str:
    """A template with some of its words replaced or left out, so that it is not learnt by heart."""
    words = []
    for word in template.split(" "):
        if "{" not in word and chance.random() < _VARIED:
            if chance.random() < _LEFT_OUT:
                continue
            word = chance.choice((chance.choice(_FILLERS), _word(chance), _name(chance)))
        words.append(word)
    return " ".join(words)


def fill(template: str, make: Callable[[str], str]) -> tuple[str, list[Span]]:
    """A template's text, and where its labels are.

    >>> fill("at {Time}", lambda name: "3 pm")
    ('at 3 pm', [Span(start=3, end=7, label='Time')])
    """
    text, spans = "", []
    for index, part in enumerate(template.replace("}", "{").split("{")):
        word = make(part) if index % 2 else part
        if index % 2 and part in LABELS:
            spans.append(Span(len(text), len(text) + len(word), part))
        text += word
    return text, spans


def _date(chance: random.Random) -> str:
    day, month, year = chance.randint(1, 28), chance.randint(1, 12), chance.randint(1950, 2035)
    name = _MONTHS[month - 1]
    short = name[:3] + chance.choice(("", "."))
    ordinal = (
        f"{day}{'st' if day in {1, 21} else 'nd' if day in {2, 22} else 'rd' if day in {3, 23} else 'th'}"
    )
    return chance.choice(
        (
            *(f"{day} {name} {year}", f"{name} {day}, {year}", f"{year}-{month:02}-{day:02}"),
            *(f"{day:02}/{month:02}/{year}", f"{month}/{day}/{year % 100:02}", f"{day}.{month}.{year}"),
            *(f"{day} {name}", f"{name} {day}", f"{day} {short} {year}", f"{short} {day}", f"{name} {year}"),
            *(f"{chance.choice(_DAYS)}, {day} {name}", f"{ordinal} of {name}", f"{name} {ordinal}"),
            *(
                f"{chance.choice(_DAYS)[:3]} {day} {short}",
                f"{day}-{short[:3]}-{year}",
                f"{ordinal} {name} {year}",
            ),
        )
    )


def _time(chance: random.Random) -> str:
    hour, minute, half = chance.randint(0, 23), chance.randint(0, 59), chance.randint(1, 12)
    after = chance.choice(("am", "pm", "a.m.", "p.m.", "AM", "PM"))
    return chance.choice(
        (
            *(f"{hour}:{minute:02}", f"{hour:02}:{minute:02}", f"{half} {after}", f"{half}{after}"),
            *(
                f"{half}:{minute:02} {after}",
                f"{half} o'clock",
                f"{hour:02}:{minute:02}:{chance.randint(0, 59):02}",
            ),
            *(f"{half}.{minute:02} {after}", f"{hour}.{minute:02} h"),
        )
    )


def _money(chance: random.Random) -> str:
    amount = chance.choice(
        (chance.randint(1, 99), chance.randint(100, 9999), chance.randint(10_000, 9_999_999))
    )
    cents, sign = chance.randint(0, 99), chance.choice("$€£¥")
    currency, big = chance.choice(_CURRENCIES), chance.choice(("million", "billion", "k", "m", "bn"))
    small = chance.randint(1, 90)
    return chance.choice(
        (
            *(f"{sign}{amount}", f"{sign}{amount:,}", f"{sign} {amount}", f"{sign}{small}.{cents:02}"),
            *(f"{amount} {currency}", f"{amount:,} {currency}", f"{currency[:3].upper()} {amount}"),
            *(f"{small}.{cents:02} {currency}", f"{small},{cents:02} {sign}", f"{sign}{small} {big}"),
            *(f"{sign}{amount:,}.{cents:02}", f"{small} cents", f"{amount} {sign}", f"{sign}{small}{big[0]}"),
            *(f"{small} {chance.choice(('million', 'billion', 'thousand'))} {currency}",),
        )
    )


def _phone(chance: random.Random) -> str:
    def digits(count: int) -> str:
        return "".join(str(chance.randint(0, 9)) for _ in range(count))

    country = f"+{chance.randint(1, 99)}"
    gap = chance.choice((" ", "-", " ", "."))
    return chance.choice(
        (
            *(f"{country} {digits(2)} {digits(3)} {digits(4)}", f"({digits(3)}) {digits(3)}-{digits(4)}"),
            *(f"0{digits(2)}{gap}{digits(4)}{gap}{digits(4)}", f"{country}-{digits(3)}-{digits(6)}"),
            *(f"0{digits(2)}-{digits(7)}", f"{digits(3)}-{digits(4)}", f"{country}{digits(9)}"),
            *(f"{digits(3)}{gap}{digits(3)}{gap}{digits(4)}", f"00{digits(2)} {digits(3)} {digits(6)}"),
            *(
                f"{country} (0){digits(2)} {digits(7)}",
                f"0{digits(3)} {digits(3)} {digits(3)}",
                f"0{digits(9)}",
            ),
        )
    )


def _word(chance: random.Random) -> str:
    return "".join(chance.choices(_SYLLABLES, k=chance.randint(1, 3)))


def _name(chance: random.Random) -> str:
    return _word(chance).capitalize()


def _host(chance: random.Random) -> str:
    parts = [_word(chance) for _ in range(chance.choice((1, 1, 2)))]
    return chance.choice((".", "-")).join(parts) + "." + chance.choice(_ENDS)


def _email(chance: random.Random) -> str:
    user = chance.choice((".", "_", "-", "+")).join(_word(chance) for _ in range(chance.randint(1, 2)))
    user += chance.choice(("", "", str(chance.randint(1, 2000))))
    return f"{chance.choice((user, user.title()))}@{_host(chance)}"


def _url(chance: random.Random) -> str:
    start = chance.choice(("https://", "http://", "https://www.", "www."))
    path = "".join(
        f"/{chance.choice((_word(chance), str(chance.randint(1, 3000))))}"
        for _ in range(chance.randint(0, 3))
    )
    end = chance.choice(
        ("", "", "", "/", ".html", f"?{_word(chance)}={chance.randint(1, 99)}", f"#{_word(chance)}")
    )
    return start + _host(chance) + path + (end if path else "")


def _number(chance: random.Random) -> str:
    return str(chance.choice((chance.randint(0, 30), chance.randint(31, 5000))))


def _code(chance: random.Random) -> str:
    number = chance.randint(1, 99_999)
    return chance.choice(
        (
            *(
                f"#{number}",
                f"no. {number}",
                f"{number:,}",
                f"{_name(chance)[:2].upper()} {number % 9999}",
                f"A{number}",
                f"{_word(chance)}_{number}.txt",
                f"AB-{number}-{number % 9}",
            ),
            *(
                f"{number}",
                f"@{_word(chance)}",
                f"192.168.{number % 255}.{number % 99}",
                f"978-3-16-{number}-0",
            ),
        )
    )


def _version(chance: random.Random) -> str:
    return ".".join(str(chance.randint(0, 20)) for _ in range(chance.randint(2, 3)))


_MAKERS: dict[str, Callable[[random.Random], str]] = {
    "Date": _date,
    "Time": _time,
    "Money": _money,
    "Phone": _phone,
    "Email": _email,
    "URL": _url,
    "Name": _name,
    "Number": _number,
    "Code": _code,
    "Version": _version,
    "Amount": lambda chance: f"{_number(chance)}{chance.choice((' ', ' ', ''))}{chance.choice(_UNITS)}",
    "Ratio": lambda chance: f"{chance.randint(0, 9)}{chance.choice(':-/')}{chance.randint(0, 9)}",
    "Year": lambda chance: str(chance.randint(1900, 2040)),
    "Day": lambda chance: chance.choice(_DAYS),
    "Percent": lambda chance: f"{chance.randint(0, 100)}{chance.choice(('%', ' %', ' percent', '.5%'))}",
    "Random": lambda chance: " ".join(
        chance.choice((chance.choice(_FILLERS), chance.choice(_FILLERS), _word(chance)))
        for _ in range(chance.randint(1, 7))
    ),
}
