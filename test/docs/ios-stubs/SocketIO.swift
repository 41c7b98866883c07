import Foundation
import Glibc

public protocol SocketData {
    func socketRepresentation() throws -> SocketData
}

extension SocketData {
    public func socketRepresentation() -> SocketData { self }
}

extension Array: SocketData {}
extension Bool: SocketData {}
extension Dictionary: SocketData {}
extension Double: SocketData {}
extension Int: SocketData {}
extension Data: SocketData {}
extension String: SocketData {}

public typealias AckCallback = ([Any]) -> ()
public typealias NormalCallback = ([Any], SocketAckEmitter) -> ()

public enum SocketClientEvent: String {
    case connect, disconnect, error, ping, pong, reconnect, reconnectAttempt, statusChange, websocketUpgrade
}

public enum SocketIOClientOption {
    case compress
    case connectParams([String: Any])
    case extraHeaders([String: String])
    case forceNew(Bool)
    case forcePolling(Bool)
    case forceWebsockets(Bool)
    case handleQueue(DispatchQueue)
    case log(Bool)
    case path(String)
    case reconnects(Bool)
    case reconnectAttempts(Int)
    case reconnectWait(Int)
    case reconnectWaitMax(Int)
    case secure(Bool)
    case selfSigned(Bool)
}

public struct SocketIOClientConfiguration: ExpressibleByArrayLiteral {
    public typealias Element = SocketIOClientOption
    public init(arrayLiteral elements: Element...) {}
}

public final class SocketAckEmitter: NSObject {
    private let answer: ([Any]) -> Void
    fileprivate init(_ answer: @escaping ([Any]) -> Void) { self.answer = answer }

    public func with(_ items: SocketData...) { answer(items) }
    public func with(_ items: [Any]) { answer(items) }
}

public final class OnAckCallback: NSObject {
    private let send: (@escaping AckCallback) -> Void
    fileprivate init(_ send: @escaping (@escaping AckCallback) -> Void) { self.send = send }

    public func timingOut(after seconds: Double, callback: @escaping AckCallback) {
        var waits = true
        let once: AckCallback = { answer in
            if waits { callback(answer) }
            waits = false
        }
        send(once)
        DispatchQueue.main.asyncAfter(deadline: .now() + seconds) { once(["NO ACK"]) }
    }
}

open class SocketManager: NSObject {
    public let socketURL: URL
    public private(set) lazy var defaultSocket = SocketIOClient(socketURL)

    public init(socketURL: URL, config: SocketIOClientConfiguration = []) { self.socketURL = socketURL }
    public convenience init(socketURL: URL, config: [String: Any]?) { self.init(socketURL: socketURL) }
    open func connect() {}
    open func disconnect() { defaultSocket.hangUp() }
}

open class SocketIOClient: NSObject {
    private let url: URL
    private var wire: Wire?
    private var handlers: [(event: String, callback: NormalCallback)] = []
    private var answers: [Int: AckCallback] = [:]
    private var asked = 0
    private var isConnecting = false

    fileprivate init(_ url: URL) { self.url = url }

    open func connect(withPayload payload: [String: Any]? = nil) {
        connect(withPayload: payload, timeoutAfter: 0, withHandler: nil)
    }

    open func connect(withPayload payload: [String: Any]? = nil, timeoutAfter: Double,
                      withHandler handler: (() -> ())?) {
        isConnecting = true
        wire = Wire(url) { [weak self] text in
            DispatchQueue.main.async { self?.heard(text, payload ?? [:]) }
        }
        guard timeoutAfter != 0 else { return }
        DispatchQueue.main.asyncAfter(deadline: .now() + timeoutAfter) { [weak self] in
            guard let self, self.isConnecting else { return }
            self.isConnecting = false
            handler?()
        }
    }

    open func disconnect() {
        wire?.send("41")
        heard("41", [:])
    }

    open func emit(_ event: String, _ items: SocketData..., completion: (() -> ())? = nil) {
        emit(event, with: items, completion: completion)
    }

    open func emit(_ event: String, with items: [SocketData], completion: (() -> ())?) {
        wire?.send("42" + json([event] + items))
        completion?()
    }

    open func emitWithAck(_ event: String, _ items: SocketData...) -> OnAckCallback { emitWithAck(event, with: items) }

    open func emitWithAck(_ event: String, with items: [SocketData]) -> OnAckCallback {
        OnAckCallback { [self] answer in
            asked += 1
            answers[asked] = answer
            wire?.send("42\(asked)" + json([event] + items))
        }
    }

    @discardableResult
    open func on(_ event: String, callback: @escaping NormalCallback) -> UUID {
        handlers.append((event, callback))
        return UUID()
    }

    @discardableResult
    open func on(clientEvent event: SocketClientEvent, callback: @escaping NormalCallback) -> UUID {
        on(event.rawValue, callback: callback)
    }

    open func removeAllHandlers() { handlers = [] }

    fileprivate func hangUp() { wire?.close() }

    /// A packet of Engine.IO, with one of Socket.IO inside; nil when there will be no more.
    private func heard(_ text: String?, _ payload: [String: Any]) {
        guard let text else { return happens("disconnect", ["gone"]) }
        let rest = text.drop { $0.isNumber }
        let number = Int(text.prefix { $0.isNumber }.dropFirst(2))
        let data = try? JSONSerialization.jsonObject(with: Data(rest.utf8))
        switch text.prefix(2) {
        case "0{": wire?.send("40" + json(payload))
        case "2": wire?.send("3")
        case "40":
            isConnecting = false
            happens("connect", ["/", data ?? [:]])
        case "41": happens("disconnect", ["Got Disconnect"])
        case "42":
            let items = data as! [Any]
            happens(items[0] as! String, Array(items.dropFirst())) { [weak self] answer in
                if let number, let self { self.wire?.send("43\(number)" + self.json(answer)) }
            }
        case "43": answers.removeValue(forKey: number!)?(data as! [Any])
        case "44": happens("error", [data!])
        default: break
        }
    }

    private func happens(_ event: String, _ data: [Any], answer: @escaping ([Any]) -> Void = { _ in }) {
        for handler in handlers where handler.event == event { handler.callback(data, SocketAckEmitter(answer)) }
    }

    private func json(_ value: Any) -> String {
        String(decoding: try! JSONSerialization.data(withJSONObject: value), as: UTF8.self)
    }
}

/// Just enough WebSocket: one frame for each text, and zeros to mask it with.
private final class Wire {
    private let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    private let stream: UnsafeMutablePointer<FILE>

    /// - Parameter hears: called on a thread of its own, in the end with nil
    init(_ url: URL, hears: @escaping (String?) -> Void) {
        stream = fdopen(file, "r")
        Thread.detachNewThread { [self] in
            if open(url) {
                while let text = receive() { hears(text) }
            }
            hears(nil)
        }
    }

    deinit { fclose(stream) }

    func close() { shutdown(file, Int32(SHUT_RDWR)) }

    func send(_ text: String) {
        let length = text.utf8.count
        var frame: [UInt8] = [0x81]
        if length < 126 {
            frame.append(0x80 | UInt8(length))
        } else {
            frame.append(0x80 | 126)
            frame.append(UInt8(length >> 8))
            frame.append(UInt8(length & 255))
        }
        write(frame + [0, 0, 0, 0] + Array(text.utf8))
    }

    private func open(_ url: URL) -> Bool {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(url.port ?? 80).bigEndian
        inet_pton(AF_INET, url.host ?? "", &address.sin_addr)
        let size = MemoryLayout<sockaddr_in>.size
        let refused = withUnsafeBytes(of: &address) {
            connect(file, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(size))
        }
        if refused != 0 { return false }
        let lines = ["GET /socket.io/?EIO=4&transport=websocket HTTP/1.1", "Host: \(url.host ?? "")", "Upgrade: websocket",
                     "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: c2l4dGVlbiBieXRlcyEhIQ==", "", ""]
        write(Array(lines.joined(separator: "\r\n").utf8))
        var head = ""
        while !head.hasSuffix("\r\n\r\n"), let byte = read(1) { head += String(decoding: byte, as: UTF8.self) }
        return head.hasPrefix("HTTP/1.1 101")
    }

    private func receive() -> String? {
        guard let head = read(2), head[0] == 0x81 else { return nil } // text; what else comes here is a goodbye
        var length = Int(head[1])
        if let more = [126: 2, 127: 8][length] {
            guard let digits = read(more) else { return nil }
            length = digits.reduce(0) { $0 << 8 | Int($1) }
        }
        return read(length).map { String(decoding: $0, as: UTF8.self) }
    }

    private func read(_ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        return fread(&bytes, 1, count, stream) == count ? bytes : nil
    }

    private func write(_ bytes: [UInt8]) { _ = Glibc.send(file, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }
}
