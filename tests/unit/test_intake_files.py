import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from healthcheck.intake import files
from healthcheck.intake.masking import mask, mask_payer

cell = st.text(st.sampled_from("ab 1.é'#"), max_size=3)
row = st.lists(cell, min_size=1, max_size=4)


@given(
    rows=st.lists(row, max_size=8),
    end=st.sampled_from(["\n", "\r\n"]),
    separator=st.sampled_from(",;\t"),
    final=st.booleans(),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_quick_way_reads_what_the_exact_way_reads(tmp_path, monkeypatch, rows, end, separator, final):
    lines = [separator.join(cells) for cells in [["h1", "h2", "h3"], *rows]]
    path = tmp_path / "file.csv"
    path.write_bytes((end.join(lines) + (end if final else "")).encode())
    quick = files.read(path)
    with monkeypatch.context() as patch:
        patch.setattr(files, "_plain_cells", lambda *_: None)
        exact = files.read(path)
    assert_frame_equal(quick.cells, exact.cells)
    assert (quick.headings, quick.broken) == (exact.headings, exact.broken)


def test_a_plain_file_takes_the_quick_way(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_Rows", None)
    (tmp_path / "a.csv").write_text("a,b\r\n1,\r\n ,2\r\n", newline="")
    assert files.read(tmp_path / "a.csv").cells.rows() == [(2, "1", None), (3, None, "2")]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("from DE89370400440532013000 inv 7", "from …3000 inv 7"),
        ("DE89 3704 0044 0532 0130 00", "…3000"),
        ("gb29nwbk60161331926819", "…6819"),
        ("DE89370400440532013001 wrong digits", "DE89370400440532013001 wrong digits"),
        ("ZZ89370400440532013000 no country", "ZZ89370400440532013000 no country"),
        ("invoice 4711", "invoice 4711"),
        (None, None),
    ],
)
def test_an_iban_in_free_text_keeps_its_last_four(text, left):
    assert mask(pl.Series([text], dtype=pl.String)).to_list() == [left]


def test_the_payers_own_number_is_cut_from_his_reference():
    masked = mask_payer(pl.Series(["acct 000123456789", "none", None]), pl.Series(["000123456789", None, "123456"]))
    assert masked.to_list() == ["acct …6789", "none", None]
