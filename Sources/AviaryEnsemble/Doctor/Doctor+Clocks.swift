// Clocks. Nothing that servers agree on needs them, but people and TTLs do.

extension Doctor {
    /// Beyond that, logs of several hosts are read in a wrong order.
    static let clockSecondsMax = 1.0

    /// Who differs from this machine; or this machine, if it is the one that differs.
    func examineClocks() -> [Finding] {
        var clocks: [(host: String, ids: [Int], clock: ClockFact)] = []
        for server in facts.servers {
            guard let clock = server.clock else { continue }
            if let place = clocks.firstIndex(where: { $0.host == server.host }) {
                clocks[place].ids.append(server.id)
            } else {
                clocks.append((server.host, [server.id], clock))
            }
        }
        let wrong = clocks.filter { isBeyondDoubt($0.clock.ahead, $0.clock.doubt) }
        guard let first = wrong.first else { return [] }
        let isHere =
            wrong.count == clocks.count && clocks.count > 1
            && wrong.allSatisfy {
                !isBeyondDoubt(
                    $0.clock.ahead - first.clock.ahead, $0.clock.doubt + first.clock.doubt)
            }
        guard !isHere else {
            return [
                finding(
                    nil,
                    "the clock of this machine is \(text(-first.clock.ahead)) those of all "
                        + "servers", remedy: "timedatectl set-ntp true   # here")
            ]
        }
        return wrong.map { host, ids, clock in
            finding(
                ids[0],
                "the clock of \(host) is \(text(clock.ahead)) that of this machine",
                remedy: "ssh \(host) timedatectl set-ntp true")
        }
    }

    private func finding(_ server: Int?, _ text: String, remedy: String) -> Finding {
        Finding(
            "clock-differs", .warning, server: server,
            text + ": logs are read in a wrong order, and znodes with a TTL go at another time",
            remedy: remedy)
    }

    private func isBeyondDoubt(_ difference: Double, _ doubt: Double) -> Bool {
        difference.magnitude - doubt > Doctor.clockSecondsMax
    }

    private func text(_ ahead: Double) -> String {
        let tenths = Int((min(ahead.magnitude, 1e9) * 10).rounded())
        return "\(tenths / 10).\(tenths % 10) s \(ahead < 0 ? "behind" : "ahead of")"
    }
}
