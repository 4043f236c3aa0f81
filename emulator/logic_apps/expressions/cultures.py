"""What differs between cultures when numbers and dates are written or read: .NET's CultureInfo, for some cultures.

Source of the figures: .NET's documentation of CultureInfo, NumberFormatInfo and DateTimeFormatInfo, and Unicode CLDR.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_ENGLISH_MONTHS = "January February March April May June July August September October November December"
_ENGLISH_DAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday"


@dataclass(frozen=True)
class Culture:
    """The conventions of a culture. In patterns of numbers ``n`` is the number and ``$`` the currency's symbol.

    Names of days begin with Sunday; `short_months` and `short_days` are the first letters where not given.
    """

    name: str
    point: str = "."
    comma: str = ","
    currency: str = "¤"
    currency_pattern: str = "$n"
    negative_currency_pattern: str = "($n)"
    percent_pattern: str = "n %"
    short_date: str = "MM/dd/yyyy"
    long_date: str = "dddd, dd MMMM yyyy"
    short_time: str = "HH:mm"
    long_time: str = "HH:mm:ss"
    month_day: str = "MMMM dd"
    year_month: str = "yyyy MMMM"
    date_separator: str = "/"
    time_separator: str = ":"
    am: str = "AM"
    pm: str = "PM"
    era: str = "A.D."
    months: tuple[str, ...] = tuple(_ENGLISH_MONTHS.split())
    short_months: tuple[str, ...] = tuple(month[:3] for month in _ENGLISH_MONTHS.split())
    days: tuple[str, ...] = tuple(_ENGLISH_DAYS.split())
    short_days: tuple[str, ...] = tuple(day[:3] for day in _ENGLISH_DAYS.split())


INVARIANT: Final = Culture("")


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_CULTURES = (
    Culture(
        "en-US", currency="$", percent_pattern="n%", negative_currency_pattern="-$n", short_date="M/d/yyyy",
        long_date="dddd, MMMM d, yyyy", short_time="h:mm tt", long_time="h:mm:ss tt", month_day="MMMM d",
        year_month="MMMM yyyy",
    ),
    Culture(
        "en-GB", currency="£", percent_pattern="n%", negative_currency_pattern="-$n", short_date="dd/MM/yyyy",
        long_date="dddd, d MMMM yyyy", month_day="d MMMM", year_month="MMMM yyyy",
        short_months=_words("Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec"), am="am", pm="pm",
    ),
    Culture(
        "de-DE", ",", ".", "€", "n $", "-n $", short_date="dd.MM.yyyy", long_date="dddd, d. MMMM yyyy",
        month_day="d. MMMM", year_month="MMMM yyyy", date_separator=".",
        months=_words("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
        short_months=_words("Jan Feb März Apr Mai Juni Juli Aug Sept Okt Nov Dez"),
        days=_words("Sonntag Montag Dienstag Mittwoch Donnerstag Freitag Samstag"),
        short_days=_words("So Mo Di Mi Do Fr Sa"),
    ),
    Culture(
        "fr-FR", ",", "\u202f", "€", "n $", "-n $", short_date="dd/MM/yyyy", long_date="dddd d MMMM yyyy",
        month_day="d MMMM", year_month="MMMM yyyy",
        months=_words("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
        short_months=_words("janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc."),
        days=_words("dimanche lundi mardi mercredi jeudi vendredi samedi"),
        short_days=_words("dim. lun. mar. mer. jeu. ven. sam."),
    ),
    Culture(
        "es-ES", ",", ".", "€", "n $", "-n $", short_date="d/M/yyyy", long_date="dddd, d 'de' MMMM 'de' yyyy",
        short_time="H:mm", long_time="H:mm:ss", month_day="d 'de' MMMM", year_month="MMMM 'de' yyyy",
        months=_words("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
        short_months=_words("ene feb mar abr may jun jul ago sept oct nov dic"),
        days=_words("domingo lunes martes miércoles jueves viernes sábado"),
        short_days=_words("dom lun mar mié jue vie sáb"), am="a. m.", pm="p. m.",
    ),
    Culture(
        "it-IT", ",", ".", "€", "n $", "-n $", "n%", short_date="dd/MM/yyyy", long_date="dddd d MMMM yyyy",
        month_day="d MMMM", year_month="MMMM yyyy",
        months=_words("gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"),
        short_months=_words("gen feb mar apr mag giu lug ago set ott nov dic"),
        days=_words("domenica lunedì martedì mercoledì giovedì venerdì sabato"),
        short_days=_words("dom lun mar mer gio ven sab"),
    ),
    Culture(
        "nl-NL", ",", ".", "€", "$ n", "$ -n", "n%", short_date="dd-MM-yyyy", long_date="dddd d MMMM yyyy",
        month_day="d MMMM", year_month="MMMM yyyy", date_separator="-",
        months=_words("januari februari maart april mei juni juli augustus september oktober november december"),
        short_months=_words("jan feb mrt apr mei jun jul aug sep okt nov dec"),
        days=_words("zondag maandag dinsdag woensdag donderdag vrijdag zaterdag"),
        short_days=_words("zo ma di wo do vr za"), am="a.m.", pm="p.m.",
    ),
    Culture(
        "pt-BR", ",", ".", "R$", "$ n", "-$ n", "n%", short_date="dd/MM/yyyy",
        long_date="dddd, d 'de' MMMM 'de' yyyy", month_day="d 'de' MMMM", year_month="MMMM 'de' yyyy",
        months=_words("janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"),
        short_months=_words("jan. fev. mar. abr. mai. jun. jul. ago. set. out. nov. dez."),
        days=_words("domingo segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado"),
        short_days=_words("dom. seg. ter. qua. qui. sex. sáb."),
    ),
    Culture(
        "sv-SE", ",", "\u00a0", "kr", "n $", "-n $", short_date="yyyy-MM-dd", long_date="'den 'd MMMM yyyy",
        month_day="d MMMM", year_month="MMMM yyyy", date_separator="-",
        months=_words("januari februari mars april maj juni juli augusti september oktober november december"),
        short_months=_words("jan. feb. mars apr. maj juni juli aug. sep. okt. nov. dec."),
        days=_words("söndag måndag tisdag onsdag torsdag fredag lördag"),
        short_days=_words("sön mån tis ons tors fre lör"), am="fm", pm="em",
    ),
    Culture(
        "is-IS", ",", ".", "kr.", "n $", "-n $", "n%", short_date="d.M.yyyy", long_date="dddd, d. MMMM yyyy",
        month_day="d. MMMM", year_month="MMMM yyyy", date_separator=".",
        months=_words("janúar febrúar mars apríl maí júní júlí ágúst september október nóvember desember"),
        short_months=_words("jan. feb. mar. apr. maí jún. júl. ágú. sep. okt. nóv. des."),
        days=_words("sunnudagur mánudagur þriðjudagur miðvikudagur fimmtudagur föstudagur laugardagur"),
        short_days=_words("sun. mán. þri. mið. fim. fös. lau."), am="f.h.", pm="e.h.",
    ),
    Culture(
        "ja-JP", currency="¥", percent_pattern="n%", negative_currency_pattern="-$n", short_date="yyyy/MM/dd",
        long_date="yyyy'年'M'月'd'日'", short_time="H:mm", long_time="H:mm:ss", month_day="M月d日",
        year_month="yyyy'年'M'月'", months=tuple(f"{month}月" for month in range(1, 13)),
        short_months=tuple(f"{month}月" for month in range(1, 13)),
        days=_words("日曜日 月曜日 火曜日 水曜日 木曜日 金曜日 土曜日"), short_days=tuple("日月火水木金土"),
        am="午前", pm="午後",
    ),
)  # fmt: skip

CULTURES: Final = {culture.name.lower(): culture for culture in _CULTURES}
"""By lower-case name."""
