using System.Text.Json;
using System.Text.Unicode;
using SharedState.Host.Collections;
using SharedState.Host.Contents;
using SharedState.Host.Json;

namespace SharedState.Host.Protocol;

/// <summary>Reads a message into a <see cref="Request"/>. Never throws: any mistake becomes the request's error.</summary>
internal static class RequestReader
{
    // A nesting over the limits is an error of its own, found by RawJson: what stands after it must still be read.
    private static readonly JsonReaderOptions Options = new() { MaxDepth = int.MaxValue };

    private static readonly byte[] Put = "\"PUT\""u8.ToArray(), Get = "\"GET\""u8.ToArray(), Null = "null"u8.ToArray();

    /// <summary>Reads and checks one message. The request contains copies of the message's bytes.</summary>
    /// <param name="message">The message.</param>
    /// <param name="limits">The limits on it.</param>
    /// <param name="paths">The path that the connection used last.</param>
    public static Request Read(ReadOnlySpan<byte> message, Limits limits, PathMemory paths)
    {
        var envelope = new Envelope(message, limits, paths);
        if (!Utf8.IsValid(message)) return envelope.Refuse("the message is not valid UTF-8");
        try
        {
            var reader = new Utf8JsonReader(message, Options);
            envelope.Read(ref reader);
        }
        catch (JsonException exception)
        {
            return envelope.Refuse($"the message is not JSON; line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1}");
        }
        return envelope.ToRequest();
    }

    /// <summary>The fields of a message, as far as they were read. Invalid fields do not end the reading, because the tunnel may
    /// follow.</summary>
    private ref struct Envelope(ReadOnlySpan<byte> message, Limits limits, PathMemory paths)
    {
        private readonly ReadOnlySpan<byte> _message = message;
        private readonly Limits _limits = limits;
        private readonly PathMemory _paths = paths;
        private bool _type, _command, _path, _argument, _tunnel;
        private bool _isRequest, _isGet, _isPut, _isArgumentRead;
        private string? _pathText;
        private byte[] _commandJson = Null, _tunnelJson = Null;
        private Target _target;
        private CollectionPath _parsedPath;
        private RequestedUpdate? _update;
        private SubscriptionChange? _subscriptions;
        private ListingPage? _page;
        private string? _token;
        private ViewDefinition _view = ViewDefinition.Whole;
        private Error? _error;
        private Utf8JsonReader _atArgument; // stands on the argument's first token, where it could not be read in passing

        /// <summary>The request, as far as it was read, refused.</summary>
        public Request Refuse(string why)
        {
            _error = Error.BadRequest(why);
            return ToRequest();
        }

        public readonly Request ToRequest() => new()
        {
            Command = _commandJson,
            Tunnel = _tunnelJson,
            Target = _error is null ? _target : Target.None,
            Error = _error,
            Path = _parsedPath,
            Update = _update,
            Subscriptions = _subscriptions,
            Page = _page,
            Token = _token,
            View = _view,
            MessageBytes = _message.Length,
        };

        public void Read(ref Utf8JsonReader reader)
        {
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                _error = Error.BadRequest("a message is a JSON object");
                return;
            }
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName) ReadField(ref reader);
            reader.Read(); // throws if something comes after the object
            if (!_isRequest) _error ??= Error.BadRequest("a message's \"type\" is \"REQUEST\"");
            else if (!_isGet && !_isPut) _error ??= Error.BadRequest("a request's \"cmd\" is \"GET\" or \"PUT\"");
            else if (_pathText is null) _error ??= Error.BadRequest("a request has a \"path\", a string");
            if (_error is null && Resolve()) ReadArgumentNow();
        }

        private void ReadField(ref Utf8JsonReader reader)
        {
            if (JsonText.Is(ref reader, "type"u8))
            {
                RawJson.Enter(ref reader, ref _type, "type", ref _error);
                _isRequest = reader.TokenType == JsonTokenType.String && JsonText.Is(ref reader, "REQUEST"u8);
            }
            else if (JsonText.Is(ref reader, "cmd"u8))
            {
                RawJson.Enter(ref reader, ref _command, "cmd", ref _error);
                ReadCommand(ref reader);
            }
            else if (JsonText.Is(ref reader, "path"u8))
            {
                RawJson.Enter(ref reader, ref _path, "path", ref _error);
                if (reader.TokenType == JsonTokenType.String && !reader.ValueIsEscaped && _paths.Knows(reader.ValueSpan))
                    _pathText = _paths.Text;
                else if (!JsonText.TryRead(ref reader, out _pathText))
                    _error ??= Error.BadRequest("a request's \"path\" is a string, without lone surrogates");
            }
            else if (JsonText.Is(ref reader, "arg"u8))
            {
                RawJson.Enter(ref reader, ref _argument, "arg", ref _error);
                if (TryReadArgument(ref reader)) return;
                _atArgument = reader;
                RawJson.Skip(ref reader, int.MaxValue, ref _error);
                return;
            }
            else if (JsonText.Is(ref reader, "tunnel"u8))
            {
                RawJson.Enter(ref reader, ref _tunnel, "tunnel", ref _error);
                _tunnelJson = RawJson.Copy(ref reader, _message, "tunnel", _limits, ref _error) ?? Null;
            }
            else
            {
                reader.Read();
            }
            RawJson.Skip(ref reader, _limits.EnvelopeDepth, ref _error);
        }

        private void ReadCommand(ref Utf8JsonReader reader)
        {
            if (reader.TokenType != JsonTokenType.String) return;
            _isGet = JsonText.Is(ref reader, "GET"u8);
            _isPut = JsonText.Is(ref reader, "PUT"u8);
            if (_isPut && !reader.ValueIsEscaped) _commandJson = Put;
            else if (_isGet && !reader.ValueIsEscaped) _commandJson = Get;
            else _commandJson = RawJson.Copy(ref reader, _message, "cmd", _limits, ref _error) ?? Null;
        }

        /// <summary>
        /// Reads the argument in the first pass, which the common order of fields (cmd and path before arg) allows. False, without moving
        /// the reader, if the order differs or the argument is invalid.
        /// </summary>
        private bool TryReadArgument(ref Utf8JsonReader reader)
        {
            if (!_isPut || _pathText is null || _error is not null || !Resolve()) return false;
            var ahead = reader;
            ReadArgument(ref ahead);
            if (_error is not null) return false;
            reader = ahead;
            return _isArgumentRead = true;
        }

        private void ReadArgumentNow()
        {
            if (_isArgumentRead) return;
            if (_argument) ReadArgument(ref _atArgument);
            else if (_isPut) _error = Error.BadRequest("a PUT has an \"arg\", an object");
        }

        private void ReadArgument(ref Utf8JsonReader reader)
        {
            if (_target == Target.Update)
                _update = UpdateReader.Read(ref reader, _message, _parsedPath.Key, _limits, ref _error);
            else if (_target == Target.ChangeSubscriptions)
                _subscriptions = SubscriptionReader.Read(ref reader, _message, _limits, ref _error);
            else if (_target == Target.ChangeIdentity) _token = TokenReader.Read(ref reader, _limits, ref _error);
            else if (_target == Target.Listing) _page = ListingPage.Read(ref reader, _limits, ref _error);
            else if (_target == Target.Read) _view = ViewReader.Read(ref reader, _message, _limits, ref _error);
            else RawJson.Skip(ref reader, _limits.EnvelopeDepth, ref _error);
        }

        /// <summary>Determines the target of the request; false if it is invalid.</summary>
        private bool Resolve()
        {
            if (_paths.TryFind(_pathText!, out var known))
            {
                (_parsedPath, _target) = (known, _isPut ? Target.Update : Target.Read);
                return true;
            }
            if (!CollectionPath.TrySplit(_pathText!, _limits, out var segments, out var error))
            {
                _error = error;
                return false;
            }
            (_target, error) = (segments.Length, _isPut) switch
            {
                (0, false) => (Target.Services, null),
                (0, true) => (Target.None, Error.BadRequest("/ can only be read")),
                (1, _) => ResolveOwn(segments[0]),
                (2, false) => (Target.Listing, null),
                (3, _) => (_isPut ? Target.Update : Target.Read, null),
                _ => (Target.None, CollectionPath.NotThreeSegments(segments.Length)),
            };
            if (_target is Target.Listing or Target.Update or Target.Read)
            {
                _parsedPath = new(segments[0], segments[1], segments.Length == 3 ? segments[2] : "");
                error = CollectionPath.Check(segments, _limits);
                if (error is null && segments.Length == 3) _paths.Remember(_pathText!, _parsedPath);
            }
            _error = error;
            return error is null;
        }

        private readonly (Target, Error?) ResolveOwn(string name) => (name, _isPut) switch
        {
            ("clock", false) => (Target.Clock, null),
            ("clock", true) => (Target.None, Error.BadRequest("/clock can only be read")),
            ("subs", false) => (Target.Subscriptions, null),
            ("subs", true) => (Target.ChangeSubscriptions, null),
            ("auth", false) => (Target.Identity, null),
            ("auth", true) => (Target.ChangeIdentity, null),
            _ => (Target.None, CollectionPath.NotThreeSegments(1)),
        };
    }
}
