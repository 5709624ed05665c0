/**
 * `northgate completion SHELL`: the script by which a shell completes this command line, and the hidden `complete` that
 * the script calls. Both know what the commands themselves say, so they come after all of them. The script for bash is
 * our own: tab's wants the package bash-completion, runs what was typed through `eval`, and offers no file names.
 */
import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';
import type { Output } from './output.ts';

const usage = `
To have it in this shell:
  source <(northgate completion bash)
  source <(northgate completion zsh)
  northgate completion fish | source
  northgate completion powershell | Out-String | Invoke-Expression`;

/** Where nothing is proposed, as after --config, bash completes file names. */
const bashScript = `_northgate() {
  local proposal
  COMPREPLY=()
  while IFS=$'\\t' read -r proposal _; do
    [[ $proposal == :* ]] || COMPREPLY+=("$proposal")
  done < <(northgate complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _northgate northgate
`;

export function addCompletion(northgate: Command, output: Output): void {
  const known = tab(northgate, { completionCommandName: 'completion' });
  northgate.commands
    .find((command) => command.name() === 'completion')
    ?.description('print the script by which a shell completes northgate')
    .addHelpText('after', usage)
    .action((shell: string) => {
      if (shell === 'bash') output.write(bashScript);
      else known.setup('northgate', 'northgate', shell);
    });
}
