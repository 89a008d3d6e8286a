"""Settings: typed, refused where misspelt, silent about keys; Prefect kept quiet and local."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from flows.settings import CHECKOUT, Settings, prefect_environment


def test_without_a_variable_everything_is_in_the_checkout() -> None:
    settings = Settings()
    assert settings.home == settings.checkout == CHECKOUT
    assert settings.snapshots == CHECKOUT / "warehouse" / "snapshots"
    assert settings.facts == CHECKOUT / "warehouse" / "facts"
    assert settings.facts_overlay is None
    assert settings.comtrade_key is None
    assert settings.threads >= 1


def test_another_home_takes_the_data_and_not_what_is_authored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OREWATCH_HOME", str(tmp_path))
    monkeypatch.setenv("OREWATCH_FACTS", str(tmp_path / "own"))
    settings = Settings()
    assert settings.build == tmp_path / "warehouse" / "build.duckdb"
    assert settings.lock == tmp_path / "warehouse" / "lock"
    assert settings.sql == CHECKOUT / "sql"
    assert settings.facts_overlay == tmp_path / "own"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("OREWATCH_HOEM", "/srv", "nothing reads OREWATCH_HOEM; the variables are OREWATCH_ALERT"),
        ("OREWATCH_THREADS", "0", "greater than or equal to 1"),
        ("OREWATCH_MEMORY_LIMIT", "plenty", "should match pattern"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv("COMTRADE_API_KEY", "canary-key")
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=said) as error:
        Settings()
    assert "canary-key" not in str(error.value)


def test_the_first_key_that_is_set_is_taken_and_never_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COMTRADE_API_KEY", "")
    monkeypatch.setenv("COMTRADE_PRIMARY", "canary-key")
    settings = Settings()
    assert settings.comtrade_key is not None
    assert settings.comtrade_key.get_secret_value() == "canary-key"
    assert "canary-key" not in f"{settings!r} {settings} {settings.model_dump_json()}"


def test_prefect_is_kept_quiet_and_at_home_unless_the_user_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    own = prefect_environment(tmp_path, {})
    assert own["PREFECT_HOME"] == str(tmp_path / "warehouse" / ".prefect")
    assert own["PREFECT_SERVER_ANALYTICS_ENABLED"] == own["GX_ANALYTICS_ENABLED"] == "false"
    assert own["DO_NOT_TRACK"] == "1"
    assert "DO_NOT_TRACK" not in prefect_environment(tmp_path, {"DO_NOT_TRACK": "0"})
    for theirs in ("PREFECT_HOME", "PREFECT_API_URL", "PREFECT_PROFILE"):
        assert "PREFECT_HOME" not in prefect_environment(tmp_path, {theirs: "x"})


@pytest.mark.parametrize(
    ("profile", "is_theirs"),
    [
        (
            'active = "ministry"\n[profiles.ministry]\nPREFECT_API_URL = "http://prefect/api"\n',
            True,
        ),
        ('active = "local"\n[profiles.local]\n', False),
    ],
)
def test_a_server_in_the_users_profile_is_respected(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, profile: str, *, is_theirs: bool
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".prefect").mkdir()
    (tmp_path / ".prefect" / "profiles.toml").write_text(profile)
    assert ("PREFECT_HOME" not in prefect_environment(tmp_path, {})) is is_theirs


def test_reading_settings_loads_no_heavy_library() -> None:
    code = "import sys, flows.settings; print(sorted({m.split('.')[0] for m in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    for heavy in ("prefect", "great_expectations", "polars", "duckdb"):
        assert f"'{heavy}'" not in done.stdout
