import ArgumentParser
import AviaryEnsemble

/// Findings as people read them.
struct FindingText {
    private let findings: [Finding]

    /// Warnings that the reader of the spec has shown.
    private let shownBefore: Int

    init(_ findings: [Finding], shownBefore: Int = 0) {
        self.findings = findings
        self.shownBefore = shownBefore
    }

    /// Shows them; with an error among them the verb has failed.
    func show(_ output: OutputOptions) throws {
        output.show(.list(findings.map(\.json)), text)
        if findings.contains(where: { $0.severity == .error }) {
            throw ExitCode(ExitStatus.failed.rawValue)
        }
    }

    /// Each with its remedy below it, and a line that counts them.
    var text: String {
        let errors = findings.count { $0.severity == .error }
        let warnings = findings.count - errors + shownBefore
        let lines = findings.flatMap { finding in
            [mark(finding.severity) + finding.text, "         \(finding.remedy)"]
        }
        guard !findings.isEmpty else {
            return shownBefore == 0
                ? "nothing is wrong" : "\(FindingText.count(shownBefore, "warning")), no error"
        }
        let mendable = findings.count { $0.repair != nil }
        let hint = mendable > 0 ? "; 'aviary doctor --fix' mends \(mendable)" : ""
        return
            (lines + [
                "\(FindingText.count(errors, "error")), "
                    + "\(FindingText.count(warnings, "warning"))\(hint)"
            ]).joined(separator: "\n")
    }

    private func mark(_ severity: Finding.Severity) -> String {
        let word = severity == .error ? "error    " : "warning  "
        guard Program.isColoured else { return word }
        return "\u{1b}[\(severity == .error ? 31 : 33)m\(word)\u{1b}[0m"
    }

    private static func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }

    static func describe(_ repair: Finding.Repair) -> String {
        switch repair {
        case .writeMyID(let id): "write the myid file of server \(id)"
        case .makeDirectory(let path): "make \(path)"
        case .start(let id): "start server \(id)"
        case .resume(let id): "let server \(id) go on"
        case .makePrivate(let path): "close \(path) to others"
        }
    }
}
