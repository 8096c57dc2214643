/* `runner completion SHELL`: a script that asks this program for the words to offer, `runner completion words WORD...`. */
#include "runner/cli/commands.h"
#include "runner/cli/complete.h"

#include <stdio.h>
#include <string.h>

static const char bash[] =
    "# Completion of runner for bash; `source <(runner completion bash)` loads it.\n"
    "_runner() {\n"
    "    local line=${COMP_LINE:0:COMP_POINT} words answer file current cut=\n"
    "    read -r -a words <<<\"$line\"\n"
    "    [[ $line == *[[:space:]] ]] && words+=(\"\")\n"
    "    current=${words[-1]}\n"
    "    # What stands before the last = or : is no part of the word that readline replaces.\n"
    "    [[ $current == *[=:]* ]] && cut=${current%\"${current##*[=:]}\"}\n"
    "    COMPREPLY=()\n"
    "    while IFS= read -r answer; do\n"
    "        case $answer in\n"
    "        :*)\n"
    "            while IFS= read -r file; do\n"
    "                [[ -d $file || $file == *.\"${answer#:}\" ]] && COMPREPLY+=(\"${file#\"$cut\"}\")\n"
    "            done < <(compgen -f -- \"$current\")\n"
    "            compopt -o filenames 2>/dev/null\n"
    "            ;;\n"
    "        *)\n"
    "            answer=${answer%%$'\\t'*}\n"
    "            COMPREPLY+=(\"${answer#\"$cut\"}\")\n"
    "            [[ $answer == *= ]] && compopt -o nospace 2>/dev/null\n"
    "            ;;\n"
    "        esac\n"
    "    done < <(\"${words[0]/#\\~/$HOME}\" completion words \"${words[@]:1}\" 2>/dev/null)\n"
    "    return 0\n"
    "}\n"
    "complete -F _runner runner\n";

static const char zsh[] =
    "#compdef runner\n"
    "# Completion of runner for zsh: a file _runner in a folder of $fpath, or `source <(runner completion zsh)`.\n"
    "_runner() {\n"
    "    local answer word\n"
    "    local -a closed open\n"
    "    for answer in \"${(@f)$(${(Q)~words[1]} completion words \"${(@Q)words[2,CURRENT-1]}\" \"${(Q)PREFIX}\" "
    "2>/dev/null)}\"; do\n"
    "        case $answer in\n"
    "        '') ;;\n"
    "        :folders) _files -/ ;;\n"
    "        :*) _files -g \"*.${answer#:}\" ;;\n"
    "        *)\n"
    "            word=\"${${answer%%$'\\t'*}//:/\\\\:}:${answer#*$'\\t'}\"\n"
    "            if [[ ${answer%%$'\\t'*} == *= ]]; then open+=(\"$word\"); else closed+=(\"$word\"); fi\n"
    "            ;;\n"
    "        esac\n"
    "    done\n"
    "    (( $#closed )) && _describe -o word closed\n"
    "    (( $#open )) && _describe -o path open -S ''\n"
    "    return 0\n"
    "}\n"
    "if [[ $funcstack[1] == _runner ]]; then _runner \"$@\"; else compdef _runner runner; fi\n";

static const char fish[] = "# Completion of runner for fish; `runner completion fish | source` loads it.\n"
                           "function __runner_words\n"
                           "    set -l words (commandline -opc)\n"
                           "    set -l typed (commandline -ct)\n"
                           "    set -l program $words[1]\n"
                           "    set -e words[1]\n"
                           "    for answer in ($program completion words $words \"$typed\" 2>/dev/null)\n"
                           "        switch $answer\n"
                           "            case ':folders'\n"
                           "                __fish_complete_directories \"$typed\"\n"
                           "            case ':*'\n"
                           "                __fish_complete_suffix (string replace ':' '.' -- $answer)\n"
                           "            case '*'\n"
                           "                echo $answer\n"
                           "        end\n"
                           "    end\n"
                           "end\n"
                           "complete -c runner -f -a '(__runner_words)'\n";

enum status command_completion(const struct options *options, struct error *error) {
    static const struct { const char *shell, *script; } scripts[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};
    if (strcmp(options->subject, "words") == 0) {
        struct text out;
        text_init(&out);
        complete_words(options->arguments, options->n_arguments, &out);
        fwrite(out.data, 1, text_tame(out.data, out.length, "\t\n"), stdout);
        text_clear(&out);
        return STATUS_OK;
    }
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++)
        if (strcmp(options->subject, scripts[i].shell) == 0) {
            fputs(scripts[i].script, stdout);
            return STATUS_OK;
        }
    return error_set(error, STATUS_CONFIG, "completion: wanted bash, zsh or fish, found '%s'", options->subject);
}
