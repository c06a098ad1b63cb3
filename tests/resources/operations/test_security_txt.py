"""/.well-known/security.txt (RFC 9116), where an operator has set a contact."""

import re
from datetime import UTC, datetime

import pytest

from app.errors import ConfigurationError
from app.settings import Settings


class TestWithContact:
    @pytest.fixture
    def settings(self):
        return {
            "security_contact": "mailto:security@shop.example",
            "security_policy": "https://shop.example/security",
            "public_url": "https://downloads.example",
        }

    def test_it_names_the_contact_and_expires_within_a_year(self, anonymous):
        answer = anonymous.get("/.well-known/security.txt")
        assert answer.status_code == 200
        assert answer.content_type == "text/plain; charset=utf-8"
        assert "Contact: mailto:security@shop.example\n" in answer.text
        assert "Canonical: https://downloads.example/.well-known/" in answer.text
        assert "Policy: https://shop.example/security\n" in answer.text
        found = re.search(r"^Expires: (\S+)$", answer.text, re.MULTILINE)
        days = (datetime.fromisoformat(found[1]) - datetime.now(UTC)).days
        assert 100 < days < 365


def test_without_a_contact_there_is_none(anonymous):
    assert anonymous.get("/.well-known/security.txt").status_code == 404


def test_a_contact_must_be_an_address():
    with pytest.raises(ConfigurationError, match="must be mailto: with"):
        Settings.from_environment({"SIRENHALL_SECURITY_CONTACT": "me"})
