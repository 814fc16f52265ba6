"""Question files: parse, lint, run, judge.

from llmlogs.pack.load import load      # load() -> Pack: built-in, the user's, the project's
from llmlogs.pack.run import run        # run(database, pack.questions) -> one Answer each, see model.py
from llmlogs.pack.cases import test     # test(questions, folder) -> the case files' outcomes
from llmlogs.pack.lint import lint      # lint(question) -> what is wrong with a file
"""
