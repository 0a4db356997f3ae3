"""Settings come from the environment; a wrong one stops the boot with one line that names it."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from app.core.settings import SettingError, Settings, read_dotenv


def load(folder: Path, **environ: str) -> Settings:
    return Settings.load({"KALITRACK_DATA_DIR": str(folder), **environ})


def test_nothing_has_to_be_set(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert settings.database_url == f"sqlite:///{tmp_path}/kalitrack.db"
    assert (settings.host, settings.port, settings.web_processes) == ("127.0.0.1", 5001, 1)
    assert settings.public_url == "http://127.0.0.1:5001"


def test_an_empty_value_is_as_good_as_none(tmp_path: Path) -> None:
    assert load(tmp_path, PORT="", PUBLIC_URL="").port == 5001


def test_generated_secrets_are_private_and_stay(tmp_path: Path) -> None:
    first, second = load(tmp_path), load(tmp_path)
    assert (first.secret_key, first.encryption_keys) == (second.secret_key, second.encryption_keys)
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "secrets").iterdir()} == {0o600}


def test_two_data_folders_share_no_secret(tmp_path: Path) -> None:
    assert load(tmp_path / "a").secret_key != load(tmp_path / "b").secret_key


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "many"),
        ("PORT", "0"),
        ("WEB_THREADS", "1"),
        ("DATABASE_URL", "mysql://localhost/x"),
        ("TIMEZONE", "Brasil/Sampa"),
        ("PUBLIC_URL", "ftp://example.com"),
        ("PUBLIC_URL", "https://user@example.com"),
        ("CORS_ORIGIN", "https://example.com/path"),
        ("CORS_ORIGIN", "*"),
        ("SECRET_KEY", "short"),
        ("ENCRYPTION_KEYS", "not-a-fernet-key"),
        ("META_GRAPH_VERSION", "25"),
        ("ANSWER_TIMEOUT", "-1"),
        ("KALITRACK_ENV", "testing"),
        ("REGISTRATION", "maybe"),
        ("TRACKING_TOKEN", "track123456"),
        ("TRACKING_TOKEN", "too-short-a-token"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_the_variable(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(SettingError) as refusal:
        load(tmp_path, **{name: value})
    assert name in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_secret_never_stands_in_the_refusal(tmp_path: Path) -> None:
    with pytest.raises(SettingError) as refusal:
        load(tmp_path, ENCRYPTION_KEYS="my-very-private-key-material")
    assert "private-key" not in str(refusal.value)


def test_sample_tokens_are_taken_in_development_only(tmp_path: Path) -> None:
    assert load(tmp_path, KALITRACK_ENV="development", TRACKING_TOKEN="track123456").tracking_token == "track123456"


def test_secrets_may_come_from_files(tmp_path: Path) -> None:
    key = Fernet.generate_key().decode()
    (tmp_path / "key").write_text(f"{key}\n")
    assert load(tmp_path, ENCRYPTION_KEYS_FILE=str(tmp_path / "key")).encryption_keys == (key,)
    with pytest.raises(SettingError, match="SECRET_KEY_FILE"):
        load(tmp_path, SECRET_KEY_FILE=str(tmp_path / "absent"))


def test_postgresql_gets_a_web_process_for_each_core(tmp_path: Path) -> None:
    assert load(tmp_path, DATABASE_URL="postgresql+psycopg://localhost/x").web_processes >= 1


def test_an_ipv6_address_gets_its_brackets(tmp_path: Path) -> None:
    assert load(tmp_path, HOST="::1").public_url == "http://[::1]:5001"


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingError, match="KALITRACK_DATA_DIR"):
        load(tmp_path / "file" / "data")


def test_dotenv_lines(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("# comment\n\nexport PORT=5002\nADMIN_PASSWORD='with # and = inside'\n")
    assert read_dotenv(file) == {"PORT": "5002", "ADMIN_PASSWORD": "with # and = inside"}
    file.write_text("not a setting\n")
    with pytest.raises(SettingError, match="line 1"):
        read_dotenv(file)
