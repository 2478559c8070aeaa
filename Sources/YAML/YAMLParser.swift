// Events become a tree: aliases are replaced, merge keys resolved, and what grows is bounded.

/// Reads one document.
public enum YAMLParser {
    /// The document of a text; an empty text is empty plain text.
    public static func parse(_ text: String) throws(YAMLError) -> YAMLNode {
        guard text.utf8.count <= YAMLLimits.bytes else {
            throw YAMLError(message: "longer than 1 MiB", line: 1, column: 1)
        }
        var composer = Composer(reader: try EventReader(text))
        return try composer.document()
    }
}

private struct Composer {
    /// A node with what replacing an alias by it costs.
    struct Measured {
        var node: YAMLNode
        var count: Int
        var height: Int
    }

    let reader: EventReader
    var anchors: [String: Measured] = [:]
    var total = 0

    mutating func document() throws(YAMLError) -> YAMLNode {
        _ = try reader.next()  // The start of the stream.
        var event = try reader.next()
        guard case .documentStart = event.kind else {
            return YAMLNode(content: .scalar("", isPlain: true), line: 1, column: 1)
        }
        let root = try node(try reader.next(), depth: 1).node
        _ = try reader.next()  // The end of the document.
        event = try reader.next()
        guard case .streamEnd = event.kind else {
            throw error("a second document; there may be only one", event)
        }
        return root
    }

    private func error(_ message: String, _ event: Event) -> YAMLError {
        YAMLError(message: message, line: event.line, column: event.column)
    }

    private mutating func count(_ nodes: Int, _ event: Event) throws(YAMLError) {
        total += nodes
        guard total <= YAMLLimits.nodes else {
            throw error("more than \(YAMLLimits.nodes) nodes with aliases replaced", event)
        }
    }

    private mutating func node(_ event: Event, depth: Int) throws(YAMLError) -> Measured {
        guard depth <= YAMLLimits.depth else {
            throw error("nested deeper than \(YAMLLimits.depth)", event)
        }
        if case .alias(let name) = event.kind {
            guard let known = anchors[name] else { throw error("no anchor &\(name) before", event) }
            guard depth - 1 + known.height <= YAMLLimits.depth else {
                throw error("nested deeper than \(YAMLLimits.depth)", event)
            }
            try count(known.count, event)
            return known
        }
        let before = total
        try count(1, event)
        var height = 1
        let content: YAMLNode.Content
        switch event.kind {
        case .scalar(let text, let isPlain):
            content = .scalar(text, isPlain: isPlain && event.tag != "tag:yaml.org,2002:str")
        case .sequenceStart: content = try sequence(depth: depth, height: &height)
        case .mappingStart: content = try mapping(depth: depth, height: &height)
        default: throw error("a value is missing", event)
        }
        let measured = Measured(
            node: YAMLNode(content: content, line: event.line, column: event.column),
            count: total - before, height: height)
        if let anchor = event.anchor { anchors[anchor] = measured }
        return measured
    }

    private mutating func sequence(
        depth: Int, height: inout Int
    ) throws(YAMLError) -> YAMLNode.Content {
        var items: [YAMLNode] = []
        while true {
            let event = try reader.next()
            if case .collectionEnd = event.kind { return .sequence(items) }
            let item = try node(event, depth: depth + 1)
            height = max(height, item.height + 1)
            items.append(item.node)
        }
    }

    private mutating func mapping(
        depth: Int, height: inout Int
    ) throws(YAMLError) -> YAMLNode.Content {
        var entries: [YAMLEntry] = []
        var merged: [YAMLEntry] = []
        // Bytes: equality of String would take two spellings for one.
        var keys: Set<[UInt8]> = []
        while true {
            let event = try reader.next()
            if case .collectionEnd = event.kind { break }
            let keyNode = try node(event, depth: depth + 1).node
            guard case .scalar(let key, let isPlain) = keyNode.content else {
                throw error("a key must be text", event)
            }
            guard keys.insert(Array(key.utf8)).inserted else {
                throw error("the key \(key) stands here twice", event)
            }
            let value = try node(try reader.next(), depth: depth + 1)
            height = max(height, value.height + 1)
            if key == "<<", isPlain {
                merged = try entriesToMerge(value.node, event)
            } else {
                entries.append(
                    YAMLEntry(key: key, line: event.line, column: event.column, value: value.node))
            }
        }
        // What is written wins over what is merged, and an earlier merge over a later one.
        for entry in merged where keys.insert(Array(entry.key.utf8)).inserted {
            entries.append(entry)
        }
        return .mapping(entries)
    }

    private func entriesToMerge(
        _ node: YAMLNode, _ event: Event
    ) throws(YAMLError) -> [YAMLEntry] {
        switch node.content {
        case .mapping(let entries): return entries
        case .sequence(let nodes):
            var all: [YAMLEntry] = []
            for node in nodes {
                guard case .mapping(let entries) = node.content else {
                    throw error("<< takes mappings only", event)
                }
                all += entries
            }
            return all
        case .scalar: throw error("<< takes a mapping or a list of mappings", event)
        }
    }
}
