import ArgumentParser

/// The verb `aviary man`: the manual page, from the same tree of commands that parses what is typed.
struct ManualCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "man", abstract: "Print the manual page.",
        discussion: "aviary man | man -l -")

    func run() {
        let root = AviaryCommand.configuration
        var page = """
            .TH AVIARY 1 "" "aviary \(root.version)"
            .SH NAME
            aviary \\- \(ManualCommand.roff(root.abstract))
            .SH SYNOPSIS
            .B aviary
            .I VERB
            [options]
            .SH VERBS

            """
        for verb in root.subcommands where verb.configuration.shouldDisplay {
            page += ".SS \(verb.configuration.commandName ?? "")\n.nf\n"
            page +=
                ManualCommand.roff(
                    AviaryCommand.helpMessage(for: verb, includeHidden: false, columns: 72))
                + "\n.fi\n"
        }
        Program.show(page + ManualCommand.end)
    }

    private static let end = """
        .SH EXIT STATUS
        0 done; 1 failed; 2 a plan has changes; 64 misused; 65 the spec or a configuration is wrong;
        69 the ensemble cannot be reached or has no quorum; 75 interrupted, run again to go on.
        .SH ENVIRONMENT
        .TP
        .B AVIARY_HOME
        The folder of all ensembles; --dir goes before it.
        .TP
        .B NO_COLOR
        If it is set and not empty, nothing is coloured.
        """

    /// Text in which nothing is a request to the formatter.
    private static func roff(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            var escaped = ""
            for character in line {
                switch character {
                case "\\": escaped += "\\e"
                case "-": escaped += "\\-"
                default: escaped.append(character)
                }
            }
            return line.first == "." || line.first == "'" ? "\\&" + escaped : escaped
        }.joined(separator: "\n")
    }
}
