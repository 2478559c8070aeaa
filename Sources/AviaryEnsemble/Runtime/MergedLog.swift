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

    /// Follows the logs from their ends, or from their beginnings.
    public init(_ servers: [ServerFolder], isColoured: Bool, fromStart: Bool) {
        self.servers = servers
        self.isColoured = isColoured
        for server in servers {
            let size = (try? server.fileSystem.size(of: server.logPath)) ?? 0
            offsets[server.server.id] = fromStart ? 0 : size
        }
    }

    /// The lines that have come since the last call, by time.
    public mutating func newLines() -> [LogLine] {
        var lines: [(key: String, line: LogLine)] = []
        for (place, server) in servers.enumerated() {
            for line in read(server) {
                // Every line begins with its time, which sorts as text.
                let id = server.server.id
                let text = marked(line, id, place)
                lines.append(
                    (MergedLog.time(of: line), LogLine(id: id, content: line, text: text)))
            }
        }
        return lines.enumerated().sorted {
            ($0.element.key, $0.offset) < ($1.element.key, $1.offset)
        }.map(\.element.line)
    }

    /// The time of a line, in one form whether the line is for people or JSON.
    private static func time(of line: String) -> String {
        let start = "{\"time\":\""
        let text = line.hasPrefix(start) ? line.dropFirst(start.count) : line[...]
        return String(text.prefix(23).map { $0 == "T" ? " " : $0 == "." ? "," : $0 })
    }

    private func marked(_ line: String, _ id: Int, _ place: Int) -> String {
        guard isColoured else { return "\(id) | \(line)" }
        let colours = [36, 33, 35, 32, 34, 31]
        return "\u{1b}[\(colours[place % colours.count])m\(id) |\u{1b}[0m \(line)"
    }

    private mutating func read(_ server: ServerFolder) -> [String] {
        let id = server.server.id
        let offset = offsets[id] ?? 0
        guard let file = try? server.fileSystem.open(server.logPath, .read),
            let bytes = try? file.read(at: offset, count: 1 << 20), !bytes.isEmpty
        else { return [] }
        offsets[id] = offset + Int64(bytes.count)
        var whole = (partial[id] ?? []) + bytes
        guard let end = whole.lastIndex(of: UInt8(ascii: "\n")) else {
            partial[id] = whole
            return []
        }
        partial[id] = Array(whole[(end + 1)...])
        whole.removeSubrange(end...)
        return whole.split(separator: UInt8(ascii: "\n")).map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    /// The last line of a server that says what went wrong, of those since its last start.
    public static func reason(of server: ServerFolder) -> String {
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
