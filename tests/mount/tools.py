"""The tools that people use on a mount."""
import os
import subprocess


def run(*args, **more):
    """Runs a tool that must succeed; its output as text."""
    return subprocess.run([str(a) for a in args], check=True, text=True, stdout=subprocess.PIPE, timeout=240, **more).stdout


def git_env(home):
    """An environment in which git commits, and reads no configuration but what is in `home`."""
    return {**os.environ, "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "A",
            "GIT_COMMITTER_EMAIL": "a@b", "GIT_CONFIG_GLOBAL": "/dev/null", "HOME": str(home)}
