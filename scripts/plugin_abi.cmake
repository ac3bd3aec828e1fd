# cmake -DVERSION= -DFOLDER= -DHEADERS="a;b" -DOUTPUT= -P plugin_abi.cmake: the header that says which public
# headers a plug-in was built against.
set(all)
foreach(header IN LISTS HEADERS)
  file(SHA256 ${FOLDER}/${header} digest)
  string(APPEND all "${header} ${digest}\n")
endforeach()
string(SHA256 digest "${all}")
string(SUBSTRING ${digest} 0 16 digest)
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT [[
#pragma once
// Made by the build: which public headers these are.
#define MYELIN_HEADERS "@VERSION@ headers @digest@"
]] @ONLY)
