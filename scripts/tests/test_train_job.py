"""What any trainer does: the job's folder, the reports, the end."""

import json

import pytest
from jobs import MULTIPLE, SCRIPTS, SINGLE, Run, output, write_job
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from labelstudio_export.errors import ExportError
from labelstudio_train import Job, TrainingError
from labelstudio_train.reports import Reports

ROWS = [("good food", "A"), ("great food", "A"), ("bad phone", "B"), ("poor phone", "B")]

NOISY = """
import ctypes, os, sys
print("printed on import", end="")
from labelstudio_train import run
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

def train(job):
    print("half a line", end="")
    os.system("echo from a child process")
    libc = ctypes.CDLL(None)
    libc.puts(b"from C")
    libc.fflush(None)
    sys.stdout.flush()
    job.report(0.5, "halfway")
    job.report(0.3, "not back again")
    texts, labels = [e.value for e in job.examples], [e.target for e in job.examples]
    model = make_pipeline(CountVectorizer(), LogisticRegression()).fit(texts, labels)
    %s

run(train)
"""


def script(folder, end):
    path = folder / "trainer.py"
    path.write_text(NOISY % end)
    return path


def test_prints_do_not_break_the_reports(tmp_path):
    job = write_job(tmp_path / "job", ROWS)
    (job / "out" / "20200101-000000-abcdef").mkdir(parents=True)
    done = Run(script(tmp_path, "job.write(model, texts)"), job)
    assert done.code == 0
    assert [report["progress"] for report in done.reports] == [0.02, 0.5, 0.5, 0.85, 1]
    for text in ("printed on import", "half a line", "from a child process", "from C"):
        assert text in done.log
    # What an earlier run of the job left is gone.
    assert len(done.versions) == 1 and "2020" not in done.versions[0].name
    assert json.loads((done.versions[0] / "version.json").read_text())["outputs"][0]["labels"] == ["A", "B"]


def test_an_error_that_nobody_foresaw_is_in_the_log(tmp_path):
    done = Run(script(tmp_path, "raise KeyError('lost')"), write_job(tmp_path / "job", ROWS))
    assert done.code == 1 and "Traceback" in done.log and "KeyError: 'lost'" in done.log
    assert not any("error" in report for report in done.reports) and done.versions == []


@pytest.mark.parametrize(
    ("end", "message"),
    [
        ("pass", "the trainer ended without a version: it has to call job.write()"),
        ("from labelstudio_train import fail; fail('too few\\nrows')", "too few rows"),
    ],
)
def test_an_error_is_one_sentence(tmp_path, end, message):
    done = Run(script(tmp_path, end), write_job(tmp_path / "job", ROWS))
    assert done.code == 1 and done.reports[-1] == {"error": message} and "Traceback" not in done.log


def test_a_folder_that_is_no_job(tmp_path):
    message = Run(SCRIPTS / "train_text.py", tmp_path).error()
    assert message.startswith(f"{tmp_path} is no folder of a job: its context.json cannot be read (")


@pytest.fixture
def reports(tmp_path):
    with (tmp_path / "reports").open("wb") as file:
        yield Reports(file.fileno())


def test_folders_that_are_broken(tmp_path, reports):
    def refusal():
        with pytest.raises(TrainingError) as refused:
            Job.read(job, reports)
        return str(refused.value).replace(str(job), "JOB")

    job = write_job(tmp_path / "job", ROWS)
    tasks = (job / "tasks.jsonl").read_text()
    (job / "tasks.jsonl").write_text(tasks + '{"id": 5}\n')
    assert (
        refusal() == "JOB/tasks.jsonl, line 5: it is no task with data, split and targets (KeyError('split'))"
    )
    (job / "tasks.jsonl").unlink()
    assert refusal().startswith("JOB is no folder of a job: its tasks.jsonl cannot be read (")
    for context in ("[]", '{"format": 2}'):
        (job / "context.json").write_text(context)
        assert refusal() == "JOB/context.json is not of the format 1 that this trainer reads"


def test_models_of_several_outputs_are_for_other_trainers(tmp_path, reports):
    job = Job.read(write_job(tmp_path / "job", ROWS, [SINGLE, output("Number", "stars")]), reports)
    with pytest.raises(
        TrainingError, match=r"^this trainer fills one control, and the model has label, stars:"
    ):
        assert job.examples


def test_tasks_without_a_value_for_the_output_are_left_out(tmp_path, reports):
    job = write_job(tmp_path / "job", ROWS)
    lines = (job / "tasks.jsonl").read_text().replace('{"label": "A"}', "{}")
    (job / "tasks.jsonl").write_text(lines)
    assert [example.target for example in Job.read(job, reports).examples] == ["B", "B"]
    (job / "tasks.jsonl").write_text(lines.replace('{"label": "B"}', "{}"))
    with pytest.raises(TrainingError, match=r"^no task has an annotation for 'label': annotate some$"):
        assert Job.read(job, reports).examples


@pytest.mark.parametrize(
    ("control", "message"),
    [
        (MULTIPLE, "the output 'label': model.json has the choice 'multiple', the model gives 'single'; "),
        (output("Rating"), "Rating takes whole numbers from 1 as classes, and 'label' has 'A'; "),
    ],
    ids=["another mode", "another control"],
)
def test_a_model_that_is_not_of_the_manifest_is_not_written(tmp_path, reports, control, message):
    job = Job.read(write_job(tmp_path / "job", ROWS, [control]), reports)
    texts = [example.value for example in job.examples]
    model = make_pipeline(CountVectorizer(), LogisticRegression()).fit(
        texts, [e.target for e in job.examples]
    )
    with pytest.raises(ExportError, match=message):
        job.write(model, texts)
    assert not (job.folder / "out").exists()
