// What is done with a znode's path and data in place. A span of them depends on a borrow of the
// slab, so it is taken and used here and never leaves.

import Jute
import Records

extension ZnodeSlab {
    /// The path, copied; empty for the root.
    func copyPath(of index: ZnodeIndex) -> [UInt8] { Array(copying: path(of: index)) }

    /// The data, copied; nil is null.
    func copyData(of index: ZnodeIndex) -> [UInt8]? {
        guard let data = data(of: index) else { return nil }
        return Array(copying: data)
    }

    /// Writes the path as a `ustring`.
    func writePath(of index: ZnodeIndex, to writer: inout JuteWriter) {
        writer.writeBuffer(path(of: index))
    }

    /// Writes the data as a `buffer`; null stays null.
    func writeData(of index: ZnodeIndex, to writer: inout JuteWriter) {
        guard let data = data(of: index) else { return writer.writeInt32(-1) }
        writer.writeBuffer(data)
    }

    /// Writes the children's names as a `vector<ustring>`, the youngest first.
    func writeChildren(of index: ZnodeIndex, to writer: inout JuteWriter) {
        writer.writeInt32(self[index].childCount)
        let nameStart = Int(self[index].pathLength) + 1
        var child = self[index].firstChild
        while let current = child.asOptional {
            writer.writeBuffer(path(of: current).extracting(droppingFirst: nameStart))
            child = self[current].nextSibling
        }
    }

    /// The children's names, the youngest first.
    func copyChildNames(of index: ZnodeIndex) -> [ByteString] {
        let nameStart = Int(self[index].pathLength) + 1
        var names: [ByteString] = []
        names.reserveCapacity(Int(self[index].childCount))
        var child = self[index].firstChild
        while let current = child.asOptional {
            let name = path(of: current).extracting(droppingFirst: nameStart)
            names.append(ByteString(Array(copying: name)))
            child = self[current].nextSibling
        }
        return names
    }

    /// The bytes of path and data.
    func contentSize(of index: ZnodeIndex) -> Int {
        Int(self[index].pathLength) + self[index].dataCount
    }

    /// The path's hash.
    func tag(of index: ZnodeIndex, by hash: PathHash) -> UInt32 { hash(path(of: index)) }

    /// The state of the znode's CRC after path and data.
    func checksumPrefix(of index: ZnodeIndex) -> UInt32 {
        TreeDigest.checksumPrefix(path: path(of: index), data: data(of: index))
    }
}
