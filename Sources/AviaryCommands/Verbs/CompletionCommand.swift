import ArgumentParser

/// The verb `aviary completion bash|zsh|fish`.
struct CompletionCommand: ParsableCommand {
    enum Shell: String, ExpressibleByArgument, CaseIterable {
        case bash, zsh, fish
    }

    static let configuration = CommandConfiguration(
        commandName: "completion", abstract: "Print the completion script of a shell.",
        discussion: """
            bash: source <(aviary completion bash)
            zsh: aviary completion zsh > ~/.zfunc/_aviary, with ~/.zfunc in fpath
            fish: aviary completion fish > ~/.config/fish/completions/aviary.fish
            """)

    @Argument(help: "bash, zsh or fish.")
    var shell: Shell

    func run() {
        let kind: CompletionShell =
            switch shell {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        Program.show(AviaryCommand.completionScript(for: kind))
    }
}
