import ArgumentParser
import AviaryEnsemble

/// The verb `aviary wait --for ready|leader|synced`.
struct WaitCommand: ParsableCommand {
    enum Condition: String, ExpressibleByArgument, CaseIterable {
        case ready, leader, synced
    }

    static let configuration = CommandConfiguration(
        commandName: "wait", abstract: "Wait until an ensemble is ready, or has a leader.",
        discussion: """
            ready: every server serves, and all agree on leader, epoch and configuration. \
            leader: there is a leader with a quorum. synced: ready, and no server lacks a \
            transaction. Exit code 69 when time is over, with what is missing.
            """)

    @Argument(
        help: "The spec, if somebody else starts the servers (runtime external).",
        completion: .file(extensions: ["yaml", "yml"]))
    var spec: String?

    @OptionGroup var ensemble: EnsembleOptions
    @OptionGroup var output: OutputOptions

    @Option(name: .customLong("for"), help: "ready, leader or synced.")
    var condition = Condition.ready

    @Option(name: .long, parsing: .unconditional, help: "Seconds to wait at most.")
    var timeout = 60.0

    func validate() throws {
        try Patience.check(timeout)
    }

    func run() throws {
        try Program.run {
            let found = try StatusSource(spec, ensemble)
            let interruption = Interruption()
            var progress = Progress()
            let isMet = found.wait(seconds: timeout) {
                missing($0) == nil
            } while: {
                progress.update("waiting, \(missing($0) ?? "")")
                return !interruption.hasCome
            }
            progress.finish()
            let status = found.look()
            if output.json {
                Program.show(status.json().adding([JSONValue.Field("met", .bool(isMet))]).text)
            } else if isMet {
                Program.show(
                    "\(found.name) \(condition == .leader ? "has a leader" : "is \(condition.rawValue)")"
                )
            }
            guard !isMet else { return }
            if interruption.hasCome {
                throw Complaint("interrupted; 'aviary wait' again goes on waiting", .interrupted)
            }
            throw Complaint(
                "\(found.name) is not \(condition == .leader ? "led" : condition.rawValue) "
                    + "after \(Int(timeout)) s: \(missing(status) ?? "it has only just become so"). "
                    + (spec.map { "'aviary status \($0)' says more" }
                        ?? "'aviary status' and 'aviary logs' say more"),
                .unreachable)
        }
    }

    /// What is missing until the condition holds.
    private func missing(_ status: EnsembleStatus) -> String? {
        switch condition {
        case .ready: return status.missing
        case .leader:
            if status.leader != nil { return nil }
            return "there is no leader: \(status.quorum.text)"
        case .synced:
            if let missing = status.missing { return missing }
            guard let leader = status.leader else { return "there is no leader" }
            let behind = status.servers.filter { ($0.lag(behind: leader) ?? 1) > 0 }
            return behind.isEmpty
                ? nil : behind.map { "server \($0.id) lags behind" }.joined(separator: ", ")
        }
    }
}
