// The only code that touches libyaml: its events become values of Swift, one at a time.

private import CYAML

/// An event of the parser, with where it began.
struct Event {
    enum Kind {
        case streamStart, streamEnd, documentStart, documentEnd, collectionEnd
        case alias(String)
        case scalar(String, isPlain: Bool)
        case sequenceStart, mappingStart
    }

    var kind: Kind
    var anchor: String?
    var tag: String?
    var line: Int
    var column: Int
}

/// Reads events from bytes that it owns.
@safe final class EventReader {
    // Both on the heap, at a fixed address: the parser keeps a pointer to itself and to its input.
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeMutableBufferPointer<UInt8>

    init(_ text: String) throws(YAMLError) {
        let bytes = Array(text.utf8)
        unsafe input = .allocate(capacity: bytes.count)
        _ = unsafe input.initialize(from: bytes)
        unsafe parser = .allocate(capacity: 1)
        unsafe parser.initialize(to: yaml_parser_t())
        guard unsafe yaml_parser_initialize(parser) == 1 else {
            throw YAMLError(message: "no memory to read it", line: 1, column: 1)
        }
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        unsafe yaml_parser_set_input_string(parser, input.baseAddress, input.count)
    }

    deinit {
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
        unsafe input.deallocate()
    }

    func next() throws(YAMLError) -> Event {
        var event = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw failure() }
        defer { unsafe yaml_event_delete(&event) }
        var result = unsafe Event(
            kind: .streamEnd, anchor: nil, tag: nil, line: Int(event.start_mark.line) + 1,
            column: Int(event.start_mark.column) + 1)
        switch unsafe event.type {
        case YAML_STREAM_START_EVENT: result.kind = .streamStart
        case YAML_DOCUMENT_START_EVENT: result.kind = .documentStart
        case YAML_DOCUMENT_END_EVENT: result.kind = .documentEnd
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: result.kind = .collectionEnd
        case YAML_ALIAS_EVENT:
            result.kind = unsafe .alias(Self.text(event.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT:
            let scalar = unsafe event.data.scalar
            let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            result.kind = unsafe .scalar(
                String(decoding: bytes, as: UTF8.self),
                isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE)
            result.anchor = unsafe Self.text(scalar.anchor)
            result.tag = unsafe Self.text(scalar.tag)
        case YAML_SEQUENCE_START_EVENT:
            result.kind = .sequenceStart
            result.anchor = unsafe Self.text(event.data.sequence_start.anchor)
            result.tag = unsafe Self.text(event.data.sequence_start.tag)
        case YAML_MAPPING_START_EVENT:
            result.kind = .mappingStart
            result.anchor = unsafe Self.text(event.data.mapping_start.anchor)
            result.tag = unsafe Self.text(event.data.mapping_start.tag)
        default: result.kind = .streamEnd
        }
        return result
    }

    private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        guard let pointer = unsafe pointer else { return nil }
        return unsafe String(cString: pointer)
    }

    private func failure() -> YAMLError {
        let message = unsafe parser.pointee.problem.map { unsafe String(cString: $0) }
        var line = unsafe Int(parser.pointee.problem_mark.line) + 1
        var column = unsafe Int(parser.pointee.problem_mark.column) + 1
        if unsafe parser.pointee.error == YAML_READER_ERROR {
            // A character that may not stand in YAML comes with an offset only.
            let offset = unsafe min(Int(parser.pointee.problem_offset), input.count)
            let before = unsafe String(decoding: input[..<offset], as: UTF8.self).unicodeScalars
            line = before.count { $0 == "\n" } + 1
            column =
                (before.lastIndex(of: "\n").map { before[$0...].count - 1 } ?? before.count) + 1
        }
        return YAMLError(message: message ?? "not YAML", line: line, column: column)
    }
}
