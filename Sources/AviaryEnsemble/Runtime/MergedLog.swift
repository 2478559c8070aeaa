import Storage

/// A line of a server's log.
public struct LogLine: Sendable {
    /// The server.
    public let id: Int
    /// As the server wrote it.
    public let content: String
    /// Marked with the server's id, for people.
    public let text: String

    /// The same for programs.
    public var json: JSONValue {
        .object([
            JSONValue.Field("server", .integer(id)), JSONValue.Field("line", .string(content)),
        ])
    }
}

/// The logs of all servers as one: new lines of each, marked with the server's id.
public struct MergedLog {
    private let servers: [ServerFolder]
    private var offsets: [Int: Int64] = [:]
    private var partial: [Int: [UInt8]] = [:]
    private let isColoured: Bool
    /// Lines that were read and are not out yet.
    private var waiting: [Int: [(time: String, content: String)]] = [:]
    /// The time of the last line: one that has none, of a stack for instance, belongs to it.
    private var lastTimes: [Int: String] = [:]
    /// Whose log went on beyond what was read.
    private var hadMore: Set<Int> = []
    private let chunkSize: Int

    /// Follows the logs from their ends, or from their beginnings.
    public init(_ servers: [ServerFolder], isColoured: Bool, fromStart: Bool) {
        self.init(servers, isColoured: isColoured, fromStart: fromStart, chunkSize: 1 << 20)
    }

    init(_ servers: [ServerFolder], isColoured: Bool, fromStart: Bool, chunkSize: Int) {
        RemoteSite.connect(servers)
        self.chunkSize = chunkSize
        self.servers = servers
        self.isColoured = isColoured
        for server in servers {
            let size = (try? server.fileSystem.size(of: server.logPath)) ?? 0
            offsets[server.server.id] = fromStart ? 0 : size
        }
    }

    /// The lines that have come since the last call, by time; not all at once if there are many.
    ///
    /// A line is out only when no server can have an earlier one that was not read yet.
    public mutating func newLines() -> [LogLine] {
        var isMoreExpected: Set<Int> = []
        for server in servers where (waiting[server.server.id] ?? []).isEmpty {
            let id = server.server.id
            if read(server) { isMoreExpected.insert(id) }
        }
        // Who has lines left from last time may have more behind them.
        for (id, lines) in waiting where !lines.isEmpty && hadMore.contains(id) {
            isMoreExpected.insert(id)
        }
        hadMore = isMoreExpected
        var places: [Int: Int] = [:]
        var lines: [LogLine] = []
        while let next = earliest(places) {
            let (place, id) = next
            guard let line = waiting[id]?[places[id, default: 0]] else { break }
            lines.append(
                LogLine(id: id, content: line.content, text: marked(line.content, id, place)))
            places[id, default: 0] += 1
            let isEmpty = places[id, default: 0] == waiting[id]?.count
            if isEmpty, isMoreExpected.contains(id) { break }
        }
        for (id, count) in places { waiting[id]?.removeFirst(count) }
        return lines
    }

    /// The server with the earliest line that is not out yet, and its place among all.
    private func earliest(_ places: [Int: Int]) -> (place: Int, id: Int)? {
        var found: (place: Int, id: Int, time: String)?
        for (place, server) in servers.enumerated() {
            let id = server.server.id
            let next = places[id, default: 0]
            guard let lines = waiting[id], next < lines.count else { continue }
            if let found, found.time <= lines[next].time { continue }
            found = (place, id, lines[next].time)
        }
        return found.map { ($0.place, $0.id) }
    }

    /// The time of a line, in one form whether the line is for people or JSON.
    private static func time(of line: String) -> String? {
        let start = "{\"time\":\""
        let text = line.hasPrefix(start) ? line.dropFirst(start.count) : line[...]
        guard text.first?.isNumber ?? false else { return nil }
        return String(text.prefix(23).map { $0 == "T" ? " " : $0 == "." ? "," : $0 })
    }

    private func marked(_ line: String, _ id: Int, _ place: Int) -> String {
        guard isColoured else { return "\(id) | \(line)" }
        let colours = [36, 33, 35, 32, 34, 31]
        return "\u{1b}[\(colours[place % colours.count])m\(id) |\u{1b}[0m \(line)"
    }

    /// Reads on; whether there is more than was read.
    private mutating func read(_ server: ServerFolder) -> Bool {
        let id = server.server.id
        guard let file = try? server.fileSystem.open(server.logPath, .read) else { return false }
        var offset = offsets[id] ?? 0
        var bytes = (try? file.read(at: offset, count: chunkSize)) ?? []
        if bytes.isEmpty, let size = try? file.size(), size < offset {
            // Somebody has cut it off, and it begins anew.
            offset = 0
            partial[id] = []
            bytes = (try? file.read(at: 0, count: chunkSize)) ?? []
        }
        offsets[id] = offset + Int64(bytes.count)
        guard !bytes.isEmpty else { return false }
        var whole = (partial[id] ?? []) + bytes
        guard let end = whole.lastIndex(of: UInt8(ascii: "\n")) else {
            partial[id] = whole
            return bytes.count == chunkSize
        }
        partial[id] = Array(whole[(end + 1)...])
        whole.removeSubrange(end...)
        for each in whole.split(separator: UInt8(ascii: "\n")) {
            let content = String(decoding: each, as: UTF8.self)
            let time = MergedLog.time(of: content) ?? lastTimes[id] ?? ""
            lastTimes[id] = time
            waiting[id, default: []].append((time, content))
        }
        return bytes.count == chunkSize
    }

    /// The last line of a server that says what went wrong, of those since its last start; of one
    /// that is paused, which says nothing, that it is.
    public static func reason(of server: ServerFolder) -> String {
        let id = server.server.id
        guard !server.isPaused else {
            return "it is paused, and 'aviary resume \(id)' lets it go on"
        }
        guard let file = try? server.fileSystem.open(server.logPath, .read),
            let size = try? file.size()
        else { return "it has no log" }
        let from = max(server.logMark(size: size), size - 8192)
        guard let bytes = try? file.read(at: from, count: 8192) else { return "it has no log" }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        let telling =
            lines.last {
                $0.contains("ERROR") || $0.contains("error") || $0.contains("Fatal")
            } ?? lines.last { $0.contains("WARN") } ?? lines.last { isComplaint($0) }
        return String(telling ?? lines.last ?? "it has said nothing since it was started")
    }

    /// What programs say that are no servers at all.
    private static func isComplaint(_ line: Substring) -> Bool {
        ["No such file", "not found", "denied", "cannot", "nvalid", "sage:"].contains {
            line.contains($0)
        }
    }
}
