"""The verb that teaches a shell to complete the command."""

from __future__ import annotations

import sys
from typing import Literal

from flows.cli.app import app


@app.command
def completion(shell: Literal["bash", "fish", "powershell", "zsh"], /) -> int:
    """Print a script that has a shell complete verbs and options; no file is touched.

    For example, in bash: `source <(orewatch completion bash)`, and the same line in ~/.bashrc to
    keep it; in zsh: `orewatch completion zsh > ~/.zfunc/_orewatch`; in fish: `orewatch completion
    fish > ~/.config/fish/completions/orewatch.fish`.

    Args:
        shell: The shell: bash, fish, powershell or zsh.

    """
    sys.stdout.write(app.generate_completion(shell=shell))
    return 0
