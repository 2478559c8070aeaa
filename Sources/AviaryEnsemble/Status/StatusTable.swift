// The status as people read it: a row a server, as many columns as the terminal has room for.

/// Lays out what is known of an ensemble.
public struct StatusTable {
    private struct Column {
        var title: String
        /// The columns that are left out first have the greatest numbers.
        var rank: Int
        var isNumber: Bool
        var cells: [String]

        var width: Int { cells.reduce(title.count) { max($0, $1.count) } }
    }

    private let status: EnsembleStatus
    private let earlier: EnsembleStatus?
    private let isLive: Bool

    /// `isLive` shows the load before the state of the database; rates need an earlier look.
    public init(
        _ status: EnsembleStatus, since earlier: EnsembleStatus? = nil, isLive: Bool = false
    ) {
        self.status = status
        self.earlier = earlier
        self.isLive = isLive
    }

    /// The table and the arithmetic of the quorum under it.
    ///
    /// A line has at most `width` characters; nil is any number.
    public func text(width: Int? = nil, isColoured: Bool = false) -> String {
        var chosen = columns
        while let width, StatusTable.width(of: chosen) > width,
            let last = chosen.map(\.rank).max(), last > 0
        {
            chosen.removeAll { $0.rank == last }
        }
        var lines = [line(chosen.map { ($0, $0.title) }, colour: nil)]
        for (place, server) in status.servers.enumerated() {
            lines.append(
                line(
                    chosen.map { ($0, $0.cells[place]) },
                    colour: isColoured ? StatusTable.colour(of: server) : nil))
        }
        let summary = status.quorum.text
        let isShort = status.quorum.mayFail == nil
        lines += ["", isColoured && isShort ? "\u{1b}[31m\(summary)\u{1b}[0m" : summary]
        return lines.joined(separator: "\n")
    }

    private var columns: [Column] {
        let servers = status.servers
        let leader = status.leader
        func column(
            _ title: String, _ rank: Int, isNumber: Bool = false,
            _ cell: (ServerStatus) -> String?
        ) -> Column {
            Column(
                title: title, rank: rank, isNumber: isNumber, cells: servers.map { cell($0) ?? "-" }
            )
        }
        let shares = status.processorShares(since: earlier)
        let rates = earlier.map(status.requestRates) ?? []
        let load = [
            Column(
                title: "REQ/S", rank: 0, isNumber: true,
                cells: servers.indices.map {
                    rates.indices.contains($0)
                        ? rates[$0].map { "\(Int($0.rounded()))" } ?? "-" : "-"
                }),
            column("QUEUED", 1, isNumber: true) { $0.outstanding.map(String.init) },
        ]
        let process = [
            column("PID", isLive ? 6 : 9, isNumber: true) { $0.pid.map { String($0) } },
            Column(
                title: "CPU", rank: isLive ? 0 : 6, isNumber: true,
                cells: shares.map { $0.map { "\(Int($0.rounded()))%" } ?? "-" }),
            column("MEMORY", isLive ? 0 : 6, isNumber: true) {
                $0.usage.map { "\(($0.residentBytes + (1 << 19)) >> 20)M" }
            },
        ]
        return [
            column("ID", 0, isNumber: true) { String($0.id) },
            column("ROLE", 3) { $0.role(in: status.committed) },
            column("STATE", 0) { $0.state },
            column("CLIENTS AT", isLive ? 8 : 0) { $0.clientAddress },
        ] + (isLive ? load : []) + [
            column("ZXID", isLive ? 5 : 2) { $0.zxid },
            column("LAG", 0, isNumber: true) { server in
                leader.flatMap { server.lag(behind: $0) }.map(String.init)
            },
            column("EPOCH", 7, isNumber: true) { $0.epoch.map(String.init) },
            column("SESSIONS", 0, isNumber: true) { $0.sessions.map(String.init) },
            column("LATENCY MS", isLive ? 2 : 5) { $0.latency },
            column("CONFIG", 8) { $0.configurationVersion },
        ] + process
    }

    private static func width(of columns: [Column]) -> Int {
        columns.reduce(-2) { $0 + $1.width + 2 }
    }

    private func line(_ cells: [(Column, String)], colour: String?) -> String {
        var text = ""
        for (place, (column, cell)) in cells.enumerated() {
            let blanks = String(repeating: " ", count: column.width - cell.count)
            let painted =
                column.title == "STATE" ? colour.map { "\($0)\(cell)\u{1b}[0m" } ?? cell : cell
            let isLast = place == cells.count - 1
            text += column.isNumber ? blanks + painted : painted + (isLast ? "" : blanks)
            if !isLast { text += "  " }
        }
        return text
    }

    private static func colour(of server: ServerStatus) -> String {
        switch server.mode {
        case "leader", "standalone": "\u{1b}[1;32m"
        case "follower": "\u{1b}[32m"
        case "observer": "\u{1b}[36m"
        default: server.pid == nil ? "\u{1b}[31m" : "\u{1b}[33m"
        }
    }
}
