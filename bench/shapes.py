"""Records in the three CloudEvents shapes that the example district receives.  A complainant is a token from the
start: no telephone number and no name of a person is ever made up here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from district import Matter, Place

BEIJING = timezone(timedelta(hours=8))


def stamp(second: float) -> str:
    return datetime.fromtimestamp(int(second), BEIJING).isoformat()


@dataclass
class Order:
    """A hotline order; its events repeat it, as an exchange platform does that pushes whole rows."""

    number: str
    accepted_at: int
    place: Place
    matter: Matter
    caller: str
    content: str
    respondent: dict[str, str] | None = None
    involved: int = 1
    channel: str = "phone"
    urgent: bool = False
    threat: bool = False
    repeat: bool = False
    unit: str = ""
    related: list[str] = field(default_factory=list)

    def event(self, step: str, at: float, status: str, suffix: str = "", **data: object) -> dict:
        return {
            "specversion": "1.0", "id": f"{self.number}#{step}{suffix}", "source": "//hotline12345.example/district",
            "type": f"gov.hotline.workorder.{step}", "time": stamp(at), "partitionkey": self.place.path["street"],
            "data": {
                "order_no": self.number, "accept_channel": self.channel, "appeal_type": "投诉",
                "appeal_category": {"code": f"LOCAL-{self.matter.code}", "path": list(self.matter.names)},
                "dispute_type": self.matter.code, "appeal_content": self.content, "grid": self.place.path,
                "urgency": "urgent" if self.urgent else "general", "handling_unit": {"code": "", "name": self.unit},
                "due_time": stamp(self.accepted_at + 5 * 86400), "order_status": status,
                "complainant": {"token": self.caller}, "respondent": self.respondent, "involved_count": self.involved,
                "repeat_flag": self.repeat, "related_order_nos": self.related, "merged_into": None,
                "threat": {"flag": self.threat}, **data,
            },
        }

    def created(self) -> dict:
        return self.event("created", self.accepted_at, "accepted")

    def merged_into(self, other: Order, at: float) -> dict:
        return self.event("merged", at, "merged", merged_into=other.number)

    def voided(self, at: float) -> dict:
        return self.event("voided", at, "voided", target_id=f"{self.number}#created")


def petition(number: str, at: float, place: Place, matter: Matter, tokens: list[str], involved: int,
             respondent: dict[str, str] | None = None, related: list[str] | None = None, form: str = "visit",
             threat: bool = False) -> dict:
    return {
        "specversion": "1.0", "id": f"{number}#registered", "source": "//xinfang.example/district",
        "type": "gov.petition.letter.registered", "time": stamp(at), "partitionkey": place.path["street"],
        "data": {
            "petition_no": number, "petition_form": form, "petition_purpose": "求决", "dispute_type": matter.code,
            "first_flag": True, "repeat_flag": False, "collective_flag": len(tokens) >= 5, "bypass_flag": False,
            "threat_flag": threat, "party_count": len(tokens), "involved_count": involved,
            "related_order_nos": related or [], "grid": {"grid": place.code}, "complainant_tokens": tokens,
            "respondent": respondent,
        },
    }


UNITS = {"noise": ("LAeq", "dB(A)"), "water_supply": ("outage", "1")}  # an outage is 1, all well is 0


def reading(device: str, sensor_type: str, at: float, place: Place, value: float) -> dict:
    observed, unit = UNITS[sensor_type]
    return {
        "specversion": "1.0", "id": f"{device}:{stamp(at)}", "source": f"//iot.example/{sensor_type}",
        "type": "gov.iot.observation", "time": stamp(at),
        "data": {"device_id": device, "sensor_type": sensor_type, "observed_property": observed,
                 "value": round(value, 2), "unit": unit, "quality": "good", "grid": {"grid": place.code}},
    }
