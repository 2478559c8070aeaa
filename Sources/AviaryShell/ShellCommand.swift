/// One command of the shell: its name, how it is used, and what it does.
protocol ShellCommand: Sendable {
    /// The word that calls it.
    var name: String { get }
    /// What follows the name in the help.
    var usage: String { get }
    /// The options, with a text for those whose help explains them.
    var options: [OptionRule] { get }
    /// Whether it can do without a session.
    var isLocal: Bool { get }

    /// Carries it out; the options are checked, the arguments are not.
    func run(_ arguments: Arguments, in shell: ShellState) async throws(CommandFailure)
}

extension ShellCommand {
    var usage: String { "" }
    var options: [OptionRule] { [] }
    var isLocal: Bool { false }

    /// The usage line, and below it the options that have a text.
    var help: String {
        let explained = options.filter { !$0.help.isEmpty }
        let line = "\(name) \(usage)"
        guard !explained.isEmpty else { return line }
        let heads = explained.map { " -\($0.name)" + ($0.takesValue ? " <arg>" : "") }
        let width = heads.map(\.count).max() ?? 0
        var text = line
        for (head, option) in zip(heads, explained) {
            let padding = String(repeating: " ", count: width - head.count + 3)
            text += "\n\(head)\(padding)\(option.help)"
        }
        return text + "\n"
    }

    /// What a command says that was not given what it needs.
    var misuse: CommandFailure { CommandFailure(help) }
}

/// Why a command failed: a text for stderr, and the exit code of a shell that runs it alone.
struct CommandFailure: Error, Equatable {
    /// What is shown; nothing where all was said already.
    var message: String
    var exitCode: Int32 = 1

    init(_ message: String, exitCode: Int32 = 1) {
        self.message = message
        self.exitCode = exitCode
    }
}
