import ArgumentParser
import AviaryEnsemble

/// The verb `aviary doctor [--fix] [--json]`.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Find what is wrong with an ensemble, and what mends it.",
        discussion: """
            Looks at files, processes, disks, names and ports, and compares spec, files and the \
            configuration in force. --fix does what is safe: it starts servers, lets paused ones \
            go on, writes missing myid files and directories, closes files to others. Exit code 1 \
            if an error is left, 0 otherwise.
            """)

    @Argument(
        help: "The spec, if somebody else starts the servers (runtime external).",
        completion: .file(extensions: ["yaml", "yml"]))
    var spec: String?

    @OptionGroup var ensemble: EnsembleOptions
    @OptionGroup var output: OutputOptions

    @Flag(name: .long, help: "Mend what can be mended without a risk.")
    var fix = false

    func run() async throws {
        try await Program.run {
            var options = ensemble
            if let spec {
                let (read, warningCount) = try SpecFile.examine(spec)
                if read.runtime == "external" {
                    // Nothing of theirs can be mended from here.
                    let visit = SpecVisit(read, file: spec, home: ensemble.place.home)
                    return try FindingText(
                        Doctor.examine(try await visit.facts()), shownBefore: warningCount
                    ).show(output)
                }
                options.name = options.name ?? read.name
            }
            var found = try options.find()
            var findings = Doctor.examine(try DoctorVisit(found).facts())
            if fix {
                let repairs = findings.compactMap(\.repair)
                if !repairs.isEmpty {
                    try found.folder.exclusively(for: "doctor") {
                        for repair in repairs { try mend(repair, &found) }
                    }
                }
                if !repairs.isEmpty {
                    _ = found.wait(seconds: 10, until: \.isReady)
                    findings = Doctor.examine(try DoctorVisit(found).facts())
                }
            }
            try FindingText(findings).show(output)
        }
    }

    private func mend(_ repair: Finding.Repair, _ found: inout LocalEnsemble) throws {
        Program.note("mending: \(FindingText.describe(repair))")
        try found.carryOut(repair)
    }
}
