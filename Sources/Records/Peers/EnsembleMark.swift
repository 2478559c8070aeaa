public import Jute

/// The name of the sender's ensemble behind the end of a message between servers.
///
/// Apache ZooKeeper's servers read messages from the front and leave what follows alone; they send
/// none. So a name that is missing says nothing, and one that differs says everything.
public enum EnsembleMark {
    /// "AVRY".
    private static let magic: Int32 = 0x4156_5259
    /// The longest name.
    private static let sizeMax = 256

    /// Writes the name, if there is one.
    public static func write(_ ensemble: ByteString?, to writer: inout JuteWriter) {
        guard let ensemble, ensemble.bytes.count <= sizeMax else { return }
        writer.writeInt32(magic)
        writer.writeBuffer(ensemble.bytes)
    }

    /// The name at the end of a message that was read so far; nil if there is none.
    public static func read(from reader: inout JuteReader) -> ByteString? {
        guard reader.remaining >= 8, (try? reader.readInt32()) == magic,
            let name = (try? reader.readBuffer()) ?? nil, !name.isEmpty, name.count <= sizeMax
        else { return nil }
        return ByteString(name)
    }
}
