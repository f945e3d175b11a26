import itertools
import json
import os
import subprocess
import sys
import threading
from dataclasses import replace

import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st

from vocab.model_file import Kind, VocabularyError, parse_model
from vocab.training import TrainingOptions, pieces_of, train, vocab_lines


def lines_of(documents):
    return [line for document in documents for line in document.split("\n")]


@pytest.mark.parametrize("kind", ["unigram", "bpe"])
def test_the_model_is_what_the_library_trains_by_itself(kind, documents, trained, tmp_path):
    (tmp_path / "lines.txt").write_text("\n".join(lines_of(documents)) + "\n")
    sentencepiece.SentencePieceTrainer.train(
        input=str(tmp_path / "lines.txt"),
        model_prefix=str(tmp_path / "spm"),
        model_type=kind,
        vocab_size=3000,
        byte_fallback=True,
        pad_id=3,
        num_threads=2,
        max_sentence_length=1 << 20,
        user_defined_symbols=["<mask>", "<2de>"],
        minloglevel=2,
    )
    ours = parse_model(trained(kind).model, name="ours")
    theirs = parse_model((tmp_path / "spm.model").read_bytes(), name="theirs")
    assert ours.pieces == theirs.pieces
    assert vocab_lines(ours) == (tmp_path / "spm.vocab").read_bytes()
    assert trained(kind).paragraphs == len(lines_of(documents))


def test_special_pieces_have_fixed_ids(encoder):
    texts = [piece.text for piece in encoder.model.pieces[:6]]
    assert texts == ["<unk>", "<s>", "</s>", "<pad>", "<mask>", "<2de>"]


@pytest.mark.parametrize("kind", ["unigram", "bpe"])
def test_the_same_sample_gives_the_same_bytes(kind, documents):
    documents, options = documents[:200], TrainingOptions(size=1500, model=kind, threads=3)
    assert train(documents, options=options).model == train(iter(documents), options=options).model


def test_no_path_of_the_machine_is_in_the_model(trained, tmp_path):
    for kind in ("unigram", "bpe"):
        assert os.sep.encode() + b"tmp" not in trained(kind).model
        assert os.getcwd().encode() not in trained(kind).model


def test_nothing_is_written_to_standard_error(capfd, documents):
    train(documents[:300], options=TrainingOptions(size=1500, model="bpe", hard_limit=False))
    with pytest.raises(VocabularyError):
        train(documents[:300], options=TrainingOptions(size=1_000_000))
    assert capfd.readouterr() == ("", "")


def test_long_paragraphs_are_cut_and_counted_and_nothing_of_them_is_lost(documents):
    """One paragraph of all text there is has the same characters as its lines."""
    lines = lines_of(documents)
    options = TrainingOptions(size=3000, model="bpe", coverage=1, max_sentence_bytes=500)
    long = train(["".join(lines)], options=options)
    assert (long.paragraphs, long.cut) == (1, 1)
    short = train(lines, options=replace(options, max_sentence_bytes=1 << 20))
    assert (short.paragraphs, short.cut) == (len(lines), 0)

    def characters(model):
        return {piece.text for piece in parse_model(model, name="").pieces if len(piece.text) == 1}

    assert characters(long.model) == characters(short.model)


def test_a_line_with_the_trainers_reserved_character_is_not_dropped(documents):
    block = [f"{document} \u2585" for document in documents]
    options = TrainingOptions(size=2500, model="bpe")
    assert train(block, options=options).model == train(documents, options=options).model


TEXT = st.text(st.sampled_from("ab .。！क😀 ") | st.characters(codec="utf-8", exclude_characters="\n"), max_size=300)


@given(TEXT, st.integers(16, 64))
def test_pieces_are_short_and_together_the_paragraph(paragraph, most):
    pieces = pieces_of(paragraph, most)
    assert "".join(pieces) == paragraph
    assert all(0 < len(piece.encode()) <= most for piece in pieces) or paragraph == ""
    # None is needlessly short: two neighbours never fit together, but for a piece cut at half or later.
    for one, two in itertools.pairwise(pieces[:-1]):
        assert len((one + two).encode()) > most // 2


@pytest.mark.parametrize(
    ("paragraph", "expected"),
    [
        ("One. Two, three. Four", ["One. Two, three. ", "Four"]),
        ("One two three four five", ["One two three ", "four five"]),
        ("第一文。第二文。第三文。", ["第一文。", "第二文。", "第三文。"]),
        ("abcdefghijklmnopqrstuvwxyz", ["abcdefghijklmnopqr", "stuvwxyz"]),
        ("ああああああああ", ["ああああああ", "ああ"]),
    ],
)
def test_pieces_end_with_sentences_words_or_characters(paragraph, expected):
    assert pieces_of(paragraph, 18) == expected


@pytest.mark.parametrize("kind", ["unigram", "bpe"])
def test_a_vocabulary_too_large_for_its_sample_names_the_most_there_is(kind, documents):
    sample = documents[:40]
    with pytest.raises(
        VocabularyError, match=r"size is 60,000, but a sample of [\d,]+ paragraphs.*at most ([\d,]+) pieces"
    ) as error:
        train(sample, options=TrainingOptions(size=60_000, model=kind))
    most = int(str(error.value).split("at most ")[1].split(" ")[0].replace(",", ""))
    smaller = train(sample, options=TrainingOptions(size=60_000, model=kind, hard_limit=False))
    assert len(parse_model(smaller.model, name="").pieces) == most


def test_a_vocabulary_too_small_for_its_characters_says_what_it_takes(documents):
    with pytest.raises(VocabularyError, match=r"size is 300, .* needs [\d,]+ pieces for its characters"):
        train(documents, options=TrainingOptions(size=300))


@pytest.mark.parametrize("texts", [[], [""], ["\n \n"], ["\0"]])
def test_an_empty_sample_is_an_error(texts):
    with pytest.raises(VocabularyError, match="nothing to train a vocabulary on: a sample of 0 paragraphs"):
        train(texts, options=TrainingOptions(size=1000))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "wordpiece"}, "model is 'wordpiece', expected 'unigram' or 'bpe'"),
        ({"coverage": 0.5}, "coverage is 0.5, expected 0.98 to 1"),
        ({"threads": 0}, "threads is 0"),
        ({"max_sentence_bytes": 3}, "max_sentence_bytes is 3"),
        ({"user_defined_symbols": ("a b",)}, "'a b', expected .* no space"),
        ({"user_defined_symbols": ("",)}, "'', expected one or more characters"),
        ({"user_defined_symbols": ("<s>",)}, "'<s>', which every vocabulary has"),
        ({"user_defined_symbols": ("<0x0A>",)}, "'<0x0A>', which every vocabulary has"),
        ({"user_defined_symbols": ("<m>", "<m>")}, "'<m>' more than once"),
    ],
)
def test_options_that_cannot_be_are_refused(options, message):
    with pytest.raises(VocabularyError, match=message):
        TrainingOptions(size=1000, **options)


def test_symbols_with_commas_and_quotes_become_pieces(documents):
    symbols = ("a,b", '"', "<2de>", "#")
    model = train(documents, options=TrainingOptions(size=2500, model="bpe", user_defined_symbols=symbols)).model
    parsed = parse_model(model, name="")
    assert [parsed.pieces[i].text for i in parsed.ids(Kind.USER_DEFINED)] == list(symbols)


def test_an_unknown_rule_is_reported_with_the_trainers_own_words(documents):
    with pytest.raises(VocabularyError, match=r"could not train .*No precompiled charsmap is found: nfx"):
        train(documents, options=TrainingOptions(size=2500, normalization="nfx"))


def test_an_error_in_the_sample_is_not_swallowed_and_leaves_no_process(documents):
    def sample():
        yield from documents
        raise OSError("the part is gone")

    with pytest.raises(OSError, match="the part is gone"):
        train(sample(), options=TrainingOptions(size=2500))


@pytest.mark.parametrize("sent", [b"", b"\n\0\n"], ids=["before the sample's end", "after it"])
def test_a_trainer_whose_sender_dies_ends_without_a_model(documents, sent):
    """Half a sample makes no model, and nobody waits for one of a whole sample."""
    options = TrainingOptions(size=2500).arguments()
    process = subprocess.run(
        [sys.executable, "-m", "vocab.training"],
        input=json.dumps(options).encode() + b"\n" + "\n".join(documents).encode() + sent,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert (process.returncode, process.stdout) == (1, b"")


def test_other_threads_go_on_while_the_trainer_works(documents):
    """The caller waits without the interpreter's lock."""
    worker = threading.Thread(
        target=train, args=(documents * 60,), kwargs={"options": TrainingOptions(size=2500, model="bpe")}
    )
    worker.start()
    turns = 0
    while worker.is_alive():
        worker.join(0.001)
        turns += 1
    assert turns > 100
