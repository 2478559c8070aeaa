import ArgumentParser
import AviaryEnsemble

/// The verb `aviary check SPEC [--json]`.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Find what would keep the servers of a spec from starting, and what mends it.",
        discussion: """
            Nothing is started or changed. The spec itself, names, ports, directories, disks and \
            limits are looked at; with runtime: external also what the servers say of themselves. \
            'aviary doctor' does the same for an ensemble that has been started. Exit code 1 if \
            there is an error, 0 otherwise.
            """)

    @Argument(help: "The ensemble spec, a YAML file.", completion: .file(extensions: ["yaml"]))
    var spec: String

    @OptionGroup var place: HomeOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await Program.run {
            let (read, warningCount) = try SpecFile.examine(spec)
            let visit = SpecVisit(read, file: spec, home: place.home)
            let findings = Doctor.examine(try await visit.facts())
            try FindingText(findings, shownBefore: warningCount).show(output)
        }
    }
}
