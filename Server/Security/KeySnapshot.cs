using System.Buffers.Binary;
using System.Collections.Frozen;
using System.Security.Claims;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http.Features.Authentication;

namespace BeerTap.Server.Security;

/// <summary>The keys as they were read last, ready to be looked up; never changed, only replaced.</summary>
internal sealed class KeySnapshot
{
    private readonly FrozenDictionary<UInt128, Entry> _byHash;

    public KeySnapshot(IReadOnlyList<ApiKey> keys, KeyUses uses)
    {
        All = keys;
        _byHash = keys.Where(key => key.Revoked is null)
            .Select(key => new Entry(Convert.FromHexString(key.Hash), new KeyIdentity(key, uses.Of(key.Id))))
            .DistinctBy(entry => Start(entry.Hash))
            .ToFrozenDictionary(entry => Start(entry.Hash));
        Good = _byHash.Values.Select(entry => entry.Identity.Key).ToFrozenDictionary(key => key.Id, key => key.Hash, StringComparer.Ordinal);
    }

    /// <summary>Every key, the revoked among them.</summary>
    public IReadOnlyList<ApiKey> All { get; }

    /// <summary>The hashes of those that open something, by id.</summary>
    public FrozenDictionary<string, string> Good { get; }

    /// <summary>The holder of a key, or null.</summary>
    /// <remarks>
    /// Constant time with respect to the secret: what is looked up is the SHA-256 of what was sent. How long the lookup takes depends on how
    /// many bits that hash shares with a stored one, but to steer them an attacker would have to find texts whose hash begins as chosen and,
    /// for the next bit, invert SHA-256; what is learnt of a hash says nothing of its text. The whole hash is then compared in fixed time.
    /// </remarks>
    public ClaimsPrincipal? Find(ReadOnlySpan<char> text, out KeyIdentity? identity)
    {
        identity = null;
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        if (!KeyText.TryHash(text, hash) || !_byHash.TryGetValue(Start(hash), out var entry)) return null;
        if (!CryptographicOperations.FixedTimeEquals(hash, entry.Hash)) return null;
        identity = entry.Identity;
        return entry.Principal;
    }

    private static UInt128 Start(ReadOnlySpan<byte> hash) => BinaryPrimitives.ReadUInt128BigEndian(hash);

    /// <summary>The principal is made once a key, not once a request: nothing changes it.</summary>
    private sealed record Entry(byte[] Hash, KeyIdentity Identity)
    {
        public ClaimsPrincipal Principal { get; } = new(Identity);
    }
}

/// <summary>Who calls, when the call brought a good key.</summary>
internal sealed class KeyIdentity(ApiKey key, KeyUses.LastUse lastUse) : ClaimsIdentity(
    [new Claim(ClaimTypes.NameIdentifier, key.Id), new Claim(ClaimTypes.Role, key.Role.Name())], KeyAuthentication.Scheme)
{
    public ApiKey Key => key;

    /// <summary>Who calls, or null. Asking <see cref="HttpContext.User"/> would make a nobody first.</summary>
    public static KeyIdentity? Of(HttpContext http) => http.Features.Get<IHttpAuthenticationFeature>()?.User?.Identity as KeyIdentity;

    public KeyUses.LastUse LastUse => lastUse;
}
