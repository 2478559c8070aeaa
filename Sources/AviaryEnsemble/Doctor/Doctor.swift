/// Judges what was seen of an ensemble: facts in, findings out, and nothing else.
///
/// Each examination is a function of its own, in a file by its subject; none looks at anything but
/// the facts, so every fault can be put into a test.
public struct Doctor: Sendable {
    let facts: DoctorFacts

    /// All that is wrong, the errors first, then by server.
    public static func examine(_ facts: DoctorFacts) -> [Finding] {
        let doctor = Doctor(facts: facts)
        let all =
            facts.servers.flatMap { doctor.examine($0) } + doctor.ofReachable.compareServers()
            + doctor.examineClocks() + doctor.examineMembers() + doctor.examineOperator()
        return all.enumerated().sorted { left, right in
            let order = { (finding: Finding) in
                (finding.severity == .error ? 0 : 1, finding.server ?? Int.max)
            }
            let (first, second) = (order(left.element), order(right.element))
            return first == second ? left.offset < right.offset : first < second
        }.map(\.element)
    }

    /// Of servers whose host does not answer nothing can be compared.
    private var ofReachable: Doctor {
        var facts = facts
        facts.servers.removeAll { $0.unreachable != nil }
        return Doctor(facts: facts)
    }

    private func examine(_ server: ServerFacts) -> [Finding] {
        if let problem = server.unreachable {
            // All else would be a guess, and what mends a guess may break something.
            return [
                Finding(
                    "host-unreachable", .error, server: server.id,
                    "nothing is known of server \(server.id): \(problem)",
                    remedy: verb("status") + "   # are the others enough? A person must see to "
                        + "its host")
            ]
        }
        if facts.isPlanned {
            return examineText(server) + examineDirectories(server) + examineOwner(server)
                + examinePlace(server)
        }
        if facts.isExternal { return examinePlace(server) + examineProcess(server) }
        return examineProcess(server) + examineFiles(server) + examineDirectories(server)
            + examineOwner(server) + examineHistory(server) + examinePlace(server)
    }
}
