// The key pairs of the measurements, the ones in libzmq's manual: everybody knows them.
#pragma once

namespace bench {

struct key_texts {
  char const* public_key;
  char const* secret_key;
};

inline constexpr key_texts server_keys{"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7",
                                       "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"};
inline constexpr key_texts client_keys{"Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID",
                                       "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"};

}  // namespace bench
