/** `lab completion`: what the shells may offer, read off the command line's own description and the scenarios. */
import type { Command } from 'commander'
import { loadCatalogue } from '../plan/catalogue.js'

/** The names that the program is called by. */
const NAMES = ['lab', 'netns-lab']

/** What can follow a command. */
interface Words {
  readonly command: string
  readonly description: string
  readonly options: readonly {
    readonly name: string
    readonly description: string
    readonly values: readonly string[]
  }[]
  readonly arguments: readonly string[]
}

/** Runs `lab completion`: prints the definitions for one shell. */
export async function completion(program: Command, shell: string): Promise<void> {
  const { scenarios } = await loadCatalogue()
  const ids = scenarios.map(({ id }) => id)
  const toggles = scenarios.flatMap(scenario => Object.entries(scenario.toggles))
  const settings = toggles.flatMap(([name, toggle]) => toggle.settings.map(setting => `${name}=${setting}`))
  const known: Readonly<Record<string, readonly string[]>> = {
    id: ids,
    '<id...>': toggles.map(([name]) => name),
    '<name=setting...>': settings.filter(word => !word.includes(' ')),
  }
  const words = program.commands.map(
    (command): Words => ({
      command: command.name(),
      description: command.description(),
      options: command.options.flatMap(({ long, description, argChoices, flags }) =>
        long
          ? [
              {
                name: long,
                description,
                values: unique(argChoices ?? known[flags.split(' ').slice(1).join(' ')] ?? []),
              },
            ]
          : [],
      ),
      arguments: command.registeredArguments.flatMap(
        argument => argument.argChoices ?? known[argument.name()] ?? [],
      ),
    }),
  )
  const shells: Readonly<Record<string, (words: readonly Words[]) => string>> = { bash, zsh, fish }
  process.stdout.write(shells[shell]?.(words) ?? '')
}

function unique(words: readonly string[]): string[] {
  return [...new Set(words)]
}

function bash(words: readonly Words[]): string {
  const cases = words.map(
    ({ command, options, arguments: values }) => `    ${command})
      case $option in
${options
  .filter(option => option.values.length > 0)
  .map(option => `        ${option.name}) words='${option.values.join(' ')}' ;;`)
  .concat(`        *) words='${[...options.map(({ name }) => name), ...values].join(' ')}' ;;`)
  .join('\n')}
      esac ;;`,
  )
  return `_netns_lab() {
  local line=\${COMP_LINE:0:COMP_POINT} words option=
  local -a typed
  read -ra typed <<<"$line"
  # The word at the cursor, = included, at which bash would split it.
  local word=
  [[ $line == *' ' ]] || word=\${typed[-1]}
  local last=\${#typed[@]}
  [[ -z $word ]] || last=$((last - 1))
  [[ \${typed[last - 1]} != --* ]] || option=\${typed[last - 1]}
  if ((last < 2)); then words='${words.map(({ command }) => command).join(' ')}'; else
    case \${typed[1]} in
${cases.join('\n')}
    esac
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
  [[ $word != *=* || \${COMP_WORDBREAKS} != *=* ]] || COMPREPLY=("\${COMPREPLY[@]#"\${word%=*}="}")
}
complete -F _netns_lab ${NAMES.join(' ')}
`
}

function zsh(words: readonly Words[]): string {
  const text = (description: string) => description.replaceAll("'", "'\\''").replace(/[[\]:]/g, '\\$&')
  const cases = words.map(({ command, options, arguments: values }) => {
    const specs = options.map(
      ({ name, description, values: choices }) =>
        `'*${name}[${text(description)}]${choices.length > 0 ? `:value:(${choices.join(' ')})` : ''}'`,
    )
    const all = [...specs, ...(values.length > 0 ? [`'*:argument:(${values.join(' ')})'`] : [])]
    return `    ${command}) ${all.length > 0 ? `_arguments ${all.join(' ')}` : "_message 'no arguments'"} ;;`
  })
  return `#compdef ${NAMES.join(' ')}
_netns_lab() {
  if ((CURRENT == 2)); then
    local -a commands=(${words.map(({ command, description }) => `'${command}:${text(description)}'`).join(' ')})
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
${cases.join('\n')}
  esac
}
compdef _netns_lab ${NAMES.join(' ')}
`
}

function fish(words: readonly Words[]): string {
  const text = (description: string) => description.replaceAll('\\', '\\\\').replaceAll("'", "\\'")
  return NAMES.flatMap(name => [
    `complete -c ${name} -f`,
    ...words.flatMap(({ command, description, options, arguments: values }) => [
      `complete -c ${name} -n __fish_use_subcommand -a ${command} -d '${text(description)}'`,
      ...(values.length > 0
        ? [`complete -c ${name} -n '__fish_seen_subcommand_from ${command}' -a '${values.join(' ')}'`]
        : []),
      ...options.map(
        option =>
          `complete -c ${name} -n '__fish_seen_subcommand_from ${command}' -l ${option.name.slice(2)} -d '${text(option.description)}'${option.values.length > 0 ? ` -x -a '${option.values.join(' ')}'` : ''}`,
      ),
    ]),
    '',
  ]).join('\n')
}
